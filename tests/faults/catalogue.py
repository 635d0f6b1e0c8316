"""All the faults, from the wire up."""

from . import of_aws, of_connections, of_responses

FAULTS = (*of_connections.FAULTS, *of_responses.FAULTS, *of_aws.FAULTS)
