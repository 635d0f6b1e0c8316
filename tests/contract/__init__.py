"""Contracts that others define (the AWS services'), and tests of fakes and clients against them."""
