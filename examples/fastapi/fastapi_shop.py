"""A FastAPI application whose settings are a pydantic-settings model, as a dependency.

Run it with `appconfig-env run -- uvicorn fastapi_shop:app`.
"""

from functools import cache
from typing import Annotated

from fastapi import Depends, FastAPI
from pydantic import BaseModel, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

import appconfig_env


class Database(BaseModel):
    """The database: SHOP_DB__HOST and so on, or SHOP_DB with a secret's JSON."""

    host: str
    password: SecretStr


class Settings(BaseSettings):
    """The settings; a dotenv file serves development."""

    model_config = SettingsConfigDict(
        env_prefix="SHOP_", env_nested_delimiter="__", env_file=".env"
    )
    db: Database
    page_size: Annotated[int, Field(gt=0, le=100)] = 10


@cache
def get_settings() -> Settings:
    """Return the settings, one object for all requests, whose values are refreshed."""
    return appconfig_env.bind(Settings)


app = FastAPI()


# Not `async def`: reading a setting may wait for a refresh, and FastAPI runs this in a thread.
@app.get("/")
def index(settings: Annotated[Settings, Depends(get_settings)]) -> dict[str, object]:
    """Return the settings that are not secret."""
    return {"db": settings.db.host, "page_size": settings.page_size}
