package main

import (
	"io"
	"slices"
	"text/template"

	"carillon/server"
)

// banner is what `carillon dev` prints.
type banner struct {
	server.Ready
	Version, Admin, Data string
}

// User is the ARN of one user of the demo.
func (b banner) User(name string) string { return b.UserARNs[name] }

// Users are the names of the demo's users.
func (b banner) Users() []string {
	names := server.DemoUsers()
	slices.Sort(names)
	return names
}

// The snippets stand at the left margin and need nothing else that is printed here: each works when
// it is pasted as it is.
var bannerTemplate = template.Must(template.New("banner").Parse(`
Carillon {{.Version}} is ready.

  Endpoint      {{.Endpoint}}
{{- if .TLSEndpoint}}
  TLS           {{.TLSEndpoint}}  (browsers open sessions there){{end}}
{{- if .CAFile}}
  Authority     {{.CAFile}}  (trust it: carillon tls trust --install --data {{.Data}}){{end}}
{{- if .Admin}}
  Health        http://{{.Admin}}/readyz  (also /metrics, /debug/pprof/){{end}}
  Region        {{.Region}}
  Account       {{.AccountID}}
  Access key    {{.AccessKeyID}}
  Secret key    {{.SecretAccessKey}}
  Data          {{.Data}}

  Chat page     {{.Endpoint}}/?as=alice
                {{.Endpoint}}/?as=bob

  App instance  {{.AppInstanceARN}}
  admin         {{.AdminARN}}
{{- range .Users}}
  {{printf "%-12s" .}}  {{$.User .}}{{end}}

# Redirect an unchanged app
export AWS_ENDPOINT_URL_CHIME_SDK_MESSAGING={{.Endpoint}}
export AWS_ENDPOINT_URL_CHIME_SDK_IDENTITY={{.Endpoint}}
export AWS_ENDPOINT_URL_STS={{.Endpoint}} AWS_ENDPOINT_URL_IAM={{.Endpoint}}
export AWS_ACCESS_KEY_ID={{.AccessKeyID}}
export AWS_SECRET_ACCESS_KEY={{.SecretAccessKey}}
export AWS_DEFAULT_REGION={{.Region}} AWS_REGION={{.Region}}
export APP_INSTANCE_ARN={{.AppInstanceARN}}

# Python (boto3)
import boto3
chat = boto3.client("chime-sdk-messaging", endpoint_url="{{.Endpoint}}", region_name="{{.Region}}", aws_access_key_id="{{.AccessKeyID}}", aws_secret_access_key="{{.SecretAccessKey}}")
print(chat.create_channel(AppInstanceArn="{{.AppInstanceARN}}", Name="From Python", ChimeBearer="{{.User "alice"}}")["ChannelArn"])

# AWS CLI
export AWS_ACCESS_KEY_ID={{.AccessKeyID}} AWS_SECRET_ACCESS_KEY={{.SecretAccessKey}} AWS_DEFAULT_REGION={{.Region}}
aws chime-sdk-messaging create-channel --endpoint-url {{.Endpoint}} --app-instance-arn {{.AppInstanceARN}} \
  --name "From the CLI" --chime-bearer {{.User "alice"}}

// JavaScript (npm install @aws-sdk/client-chime-sdk-messaging)
const { ChimeSDKMessagingClient, CreateChannelCommand } = require("@aws-sdk/client-chime-sdk-messaging");
const chat = new ChimeSDKMessagingClient({ endpoint: "{{.Endpoint}}", region: "{{.Region}}", credentials: { accessKeyId: "{{.AccessKeyID}}", secretAccessKey: "{{.SecretAccessKey}}" } });
chat.send(new CreateChannelCommand({ AppInstanceArn: "{{.AppInstanceARN}}", Name: "From JavaScript", ChimeBearer: "{{.User "alice"}}" })).then((answer) => console.log(answer.ChannelArn));

Stop with Ctrl-C.
`))

func printBanner(w io.Writer, b banner) error { return bannerTemplate.Execute(w, b) }
