"""All the faults, from the wire up."""

from . import of_answers, of_aws, of_connections

FAULTS = (*of_connections.FAULTS, *of_answers.FAULTS, *of_aws.FAULTS)
