# The layer from its zip, pinned by its hash, a function that uses it, and everything that the
# function reads. To deploy, after `make layer` in the project's folder, with the hash that it
# printed:
#   terraform init && terraform apply -var code_sha256=HASH

terraform {
  required_version = ">= 1.4"
  required_providers {
    archive = {
      source  = "hashicorp/archive"
      version = ">= 2.4"
    }
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0"
    }
  }
}

variable "layer" {
  description = "The layer's zip"
  type        = string
  default     = "../../dist/appconfig-env-layer.zip"
}

variable "code_sha256" {
  description = "The hash of that zip, in base64, as appconfig-env layer prints it"
  type        = string
}

locals {
  prefix = "/shop/prod"
  profile = join("/", [
    aws_appconfig_application.shop.id,
    aws_appconfig_environment.prod.environment_id,
    aws_appconfig_configuration_profile.app.configuration_profile_id,
  ])
}

resource "aws_lambda_layer_version" "appconfig_env" {
  layer_name               = "appconfig-env"
  filename                 = var.layer
  source_code_hash         = var.code_sha256
  license_info             = "Apache-2.0"
  compatible_architectures = ["arm64", "x86_64"]
  compatible_runtimes      = ["python3.11", "python3.12", "python3.13", "python3.14"]

  lifecycle {
    precondition {
      condition     = filebase64sha256(var.layer) == var.code_sha256
      error_message = "The layer is not the one that is pinned: build it again, or correct code_sha256."
    }
  }
}

data "archive_file" "function" {
  type        = "zip"
  source_dir  = "${path.module}/src"
  output_path = "${path.module}/function.zip"
}

resource "aws_lambda_function" "shop" {
  function_name    = "shop"
  filename         = data.archive_file.function.output_path
  source_code_hash = data.archive_file.function.output_base64sha256
  handler          = "handler.handler"
  runtime          = "python3.13"
  architectures    = ["arm64"]
  memory_size      = 256
  timeout          = 10
  role             = aws_iam_role.shop.arn
  layers           = [aws_lambda_layer_version.appconfig_env.arn]

  environment {
    variables = {
      AWS_LAMBDA_EXEC_WRAPPER = "/opt/appconfig-env"
      APPCONFIG_ENV_SOURCES   = "appconfig:${local.profile} ssm:${local.prefix}/"
      DB_PASSWORD             = "secretsmanager:${aws_secretsmanager_secret.db.arn}#password"
    }
  }

  # The first cold start reads what these create.
  depends_on = [
    aws_appconfig_deployment.app,
    aws_iam_role_policy.reads,
    aws_secretsmanager_secret_version.db,
    aws_ssm_parameter.db_host,
  ]
}

resource "aws_iam_role" "shop" {
  name               = "shop"
  assume_role_policy = data.aws_iam_policy_document.lambda.json
}

data "aws_iam_policy_document" "lambda" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy_attachment" "logs" {
  role       = aws_iam_role.shop.name
  policy_arn = "arn:${data.aws_partition.this.partition}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

resource "aws_iam_role_policy" "reads" {
  role   = aws_iam_role.shop.id
  policy = data.aws_iam_policy_document.reads.json
}

data "aws_iam_policy_document" "reads" {
  statement {
    actions = [
      "appconfig:StartConfigurationSession",
      "appconfig:GetLatestConfiguration",
    ]
    resources = ["${aws_appconfig_application.shop.arn}/environment/${aws_appconfig_environment.prod.environment_id}/configuration/${aws_appconfig_configuration_profile.app.configuration_profile_id}"]
  }
  statement {
    actions   = ["ssm:GetParametersByPath"]
    resources = [trimsuffix(aws_ssm_parameter.db_host.arn, "/db-host")]
  }
  statement {
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [aws_secretsmanager_secret.db.arn]
  }
}

data "aws_partition" "this" {}

resource "aws_appconfig_application" "shop" {
  name = "shop"
}

resource "aws_appconfig_environment" "prod" {
  application_id = aws_appconfig_application.shop.id
  name           = "prod"
}

resource "aws_appconfig_configuration_profile" "app" {
  application_id = aws_appconfig_application.shop.id
  name           = "app"
  location_uri   = "hosted"
}

resource "aws_appconfig_hosted_configuration_version" "app" {
  application_id           = aws_appconfig_application.shop.id
  configuration_profile_id = aws_appconfig_configuration_profile.app.configuration_profile_id
  content_type             = "application/json"
  content                  = jsonencode({ greeting = "Hello", catalog = { page-size = 20 } })
}

resource "aws_appconfig_deployment" "app" {
  application_id           = aws_appconfig_application.shop.id
  environment_id           = aws_appconfig_environment.prod.environment_id
  configuration_profile_id = aws_appconfig_configuration_profile.app.configuration_profile_id
  configuration_version    = aws_appconfig_hosted_configuration_version.app.version_number
  deployment_strategy_id   = "AppConfig.AllAtOnce"
}

resource "aws_ssm_parameter" "db_host" {
  name  = "${local.prefix}/db-host"
  type  = "String"
  value = "db.example.com"
}

data "aws_secretsmanager_random_password" "db" {
  exclude_punctuation = true
}

resource "aws_secretsmanager_secret" "db" {
  name_prefix = "shop/prod/db-"
}

resource "aws_secretsmanager_secret_version" "db" {
  secret_id = aws_secretsmanager_secret.db.id
  secret_string = jsonencode({
    username = "shop"
    password = data.aws_secretsmanager_random_password.db.random_password
  })

  lifecycle {
    ignore_changes = [secret_string] # a new password at each plan
  }
}
