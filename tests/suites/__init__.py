"""Public suites of cases, written anew: signatures, JSON, YAML, dotenv, Lambda's runtime client."""
