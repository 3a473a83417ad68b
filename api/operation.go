// Package api is the wire contract of the Amazon Chime SDK messaging API: its types, its 78
// operations, its errors and its JSON, for the three namespaces chime-sdk-messaging,
// chime-sdk-identity and chime (2018-05-01) at once.
//
// Files named *.gen.go are generated from the models by api/apigen. Only what the wire says may
// enter here: no rule about who may do what, no store, no HTTP server. Names are spelled as AWS
// spells them, here and nowhere else.
package api

import "context"

//go:generate go run ./apigen

// Namespace is a set of the API namespaces an operation belongs to.
type Namespace uint8

// The three namespaces. They share one port, one set of paths and one state.
const (
	NamespaceMessaging Namespace = 1 << iota // chime-sdk-messaging, 2021-05-15
	NamespaceIdentity                        // chime-sdk-identity, 2021-04-20
	NamespaceLegacy                          // chime, 2018-05-01: its messaging part
)

// Presence says whether a part of a request may be absent.
type Presence uint8

// The three answers.
const (
	None Presence = iota
	Optional
	Required
)

// Input is what the wire carried of a request, before it has a type.
type Input struct {
	// Path holds the percent-decoded path parameters in the order of the template.
	Path [2]string
	// Query is the raw query as received, without '?'.
	Query string
	// Body is the whole body.
	Body []byte
}

// Output is an answer that can write itself as JSON.
type Output interface {
	// AppendJSON appends the JSON text of the value to b.
	AppendJSON(b []byte, times TimeFormat) []byte
}

// Location says where a member of a request travels.
type Location uint8

// The four places.
const (
	InBody Location = iota
	InPath
	InQuery
	InHeader
)

// Member is one member of an operation's request, for tools that build requests without types.
type Member struct {
	Name     string
	Wire     string // the name in the path template, the query or the header; Name for the body
	Location Location
	Required bool
	// Token is set for members that an SDK fills with a random UUID when the caller leaves them out.
	Token bool
}

// Operation is one row of the operation table.
type Operation struct {
	Name   string
	Method string
	// Path is the template, such as /channels/{channelArn}/memberships/{memberArn}.
	Path string
	// QueryKey and QueryValue tell apart operations that share method and path; mostly empty.
	QueryKey, QueryValue string
	// Status is the HTTP status of success.
	Status     int
	Namespaces Namespace
	// Bearer says whether the operation takes the header x-amz-chime-bearer.
	Bearer Presence
	// Errors is the set of kinds that the models declare for the operation in any namespace.
	Errors Kinds
	// ReadOnly is set for operations that change nothing.
	ReadOnly bool
	Members  []Member

	// Decode gives a request its type and checks every constraint of the model. Its error is a
	// BadRequest that names each member at fault.
	Decode func(*Input) (any, error)
	// Call calls the operation's method of s. in is what Decode returned. The Output is nil for
	// operations that answer without a body.
	Call func(ctx context.Context, s Service, caller *Caller, in any) (Output, error)
	// Resources appends to dst the ARNs that the request names as what it acts on: its app instance,
	// app instance user, bot or admin, channel, channel flow or tagged resource, but not the members
	// and moderators that it adds, asks about or removes.
	Resources func(in any, dst []string) []string
}

// Lookup returns the operation of that name in any namespace, legacy names included, or nil.
func Lookup(name string) *Operation {
	if current, ok := legacyNames[name]; ok {
		name = current
	}
	for i := range Operations {
		if Operations[i].Name == name {
			return &Operations[i]
		}
	}
	return nil
}

// legacyNames maps the three operations that chime (2018-05-01) names differently.
var legacyNames = map[string]string{
	"PutAppInstanceStreamingConfigurations":    "PutMessagingStreamingConfigurations",
	"GetAppInstanceStreamingConfigurations":    "GetMessagingStreamingConfigurations",
	"DeleteAppInstanceStreamingConfigurations": "DeleteMessagingStreamingConfigurations",
}
