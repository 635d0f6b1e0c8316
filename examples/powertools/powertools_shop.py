"""A Lambda function with Powertools for AWS Lambda: its logger and router, our values."""

from typing import Annotated, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, Field

import appconfig_env


class Settings(BaseModel):
    """The settings: GREETING and so on."""

    greeting: str
    page_size: Annotated[int, Field(gt=0)] = 10


app = APIGatewayHttpResolver()
logger = Logger(service="shop")
settings = appconfig_env.bind(Settings)  # a cold start with wrong settings fails here


@appconfig_env.on_change
def log_changes(names: frozenset[str]) -> None:
    """Log which variables a refresh has changed: names, never values."""
    logger.info("configuration changed", names=sorted(names))


@app.get("/")
def index() -> dict[str, object]:
    """Return the settings and one flag."""
    return {
        "greeting": settings.greeting,
        "page_size": settings.page_size,
        "checkout": bool(appconfig_env.flag("checkout")),
    }


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request."""
    return app.resolve(event, context)
