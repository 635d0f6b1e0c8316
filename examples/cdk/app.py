"""A CDK app: the layer from its zip, pinned by its hash, and a function that uses it.

To deploy, after `make layer` in the project's folder, with the hash that it printed:
    pip install -r requirements.txt
    cdk deploy -c code_sha256=HASH
"""

import base64
import hashlib
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_appconfig as appconfig
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm
from constructs import Construct

HERE = Path(__file__).resolve().parent
LAYER = HERE.parent.parent / "dist" / "appconfig-env-layer.zip"
PREFIX = "/shop/prod"


class Shop(cdk.Stack):
    """The layer, a function, and everything that the function reads.

    Args:
        scope: the app.
        layer_zip: the layer's zip.
    """

    def __init__(self, scope: Construct, layer_zip: Path) -> None:
        super().__init__(scope, "Shop")
        application = appconfig.Application(self, "Application", application_name="shop")
        environment = application.add_environment("Environment", environment_name="prod")
        profile = application.add_hosted_configuration(
            "Profile",
            name="app",
            content=appconfig.ConfigurationContent.from_inline_json(
                '{"greeting": "Hello", "catalog": {"page-size": 20}}'
            ),
            deploy_to=[environment],
            deployment_strategy=appconfig.DeploymentStrategy.from_deployment_strategy_id(
                self, "Strategy", appconfig.DeploymentStrategyId.ALL_AT_ONCE
            ),
        )
        host = ssm.StringParameter(
            self, "DatabaseHost", parameter_name=f"{PREFIX}/db-host", string_value="db.example.com"
        )
        secret = secretsmanager.Secret(
            self,
            "Secret",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template='{"username": "shop"}',
                generate_string_key="password",
                exclude_punctuation=True,
            ),
        )
        names = (
            application.application_id,
            environment.environment_id,
            profile.configuration_profile_id,
        )
        function = lambda_.Function(
            self,
            "Function",
            code=lambda_.Code.from_asset(str(HERE / "src")),
            handler="handler.handler",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            memory_size=256,
            timeout=cdk.Duration.seconds(10),
            layers=[
                lambda_.LayerVersion(
                    self,
                    "Layer",
                    layer_version_name="appconfig-env",
                    code=lambda_.Code.from_asset(str(layer_zip)),  # uploaded as it is
                    license="Apache-2.0",
                )
            ],
            environment={
                "AWS_LAMBDA_EXEC_WRAPPER": "/opt/appconfig-env",
                "APPCONFIG_ENV_SOURCES": f"appconfig:{'/'.join(names)} ssm:{PREFIX}/",
                "DB_PASSWORD": f"secretsmanager:{secret.secret_arn}#password",
            },
        )
        self._allow(
            function,
            ["appconfig:StartConfigurationSession", "appconfig:GetLatestConfiguration"],
            "arn:{}:appconfig:{}:{}:application/{}/environment/{}/configuration/{}".format(
                self.partition, self.region, self.account, *names
            ),
        )
        self._allow(
            function,
            ["ssm:GetParametersByPath"],
            f"arn:{self.partition}:ssm:{self.region}:{self.account}:parameter{PREFIX}",
        )
        self._allow(function, ["secretsmanager:GetSecretValue"], secret.secret_arn)
        function.node.add_dependency(profile, host)  # the first cold start reads them

    @staticmethod
    def _allow(function: lambda_.Function, actions: list[str], resource: str) -> None:
        function.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=[resource]))


def pinned(path: Path, code_sha256: str | None) -> Path:
    """Return `path`, unless its hash is not the pinned one."""
    found = base64.b64encode(hashlib.sha256(path.read_bytes()).digest()).decode()
    if code_sha256 not in (None, found):
        raise SystemExit(f"{path} has CodeSha256 {found}, expected {code_sha256}; build it again")
    return path


app = cdk.App()
Shop(
    app,
    pinned(
        Path(app.node.try_get_context("layer") or LAYER),
        app.node.try_get_context("code_sha256"),
    ),
)
app.synth()
