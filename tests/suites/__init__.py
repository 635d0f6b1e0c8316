"""Public suites of cases, rewritten: signatures, JSON, YAML, dotenv, Lambda's runtime client."""
