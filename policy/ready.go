package policy

import (
	"embed"
	"slices"
	"strings"
	"sync"
)

// ReadyPrefix begins the ARNs of the ready-made policies; their names follow.
const ReadyPrefix = "arn:aws:iam::aws:policy/"

//go:embed ready/*.json
var readyFiles embed.FS

// ReadyPolicy is a policy that comes with the server, to be attached by its ARN.
type ReadyPolicy struct {
	Name string
	// For says in a sentence who it is for.
	For string
	// Text is the document as it is written, for people.
	Text     string
	Document *Document
}

// ARN returns the policy's ARN.
func (p ReadyPolicy) ARN() string { return ReadyPrefix + p.Name }

var readyPolicies = sync.OnceValue(func() []ReadyPolicy {
	all := []ReadyPolicy{
		{Name: "CarillonAdmin", For: "Everything in the account, its keys and roles too."},
		{Name: "CarillonBackend", For: "The whole messaging API, on behalf of any user; no keys, no roles."},
		{Name: "CarillonEndUser", For: "One user, whom the session's tag UserUUID names: channels, members, messages, a live session."},
		{Name: "CarillonReadOnly", For: "The operations of the messaging API that change nothing."},
		{Name: "CarillonSessionOnly", For: "A live session of the one user whom the session's tag UserUUID names."},
	}
	for i := range all {
		text, err := readyFiles.ReadFile("ready/" + all[i].Name + ".json")
		if err == nil {
			all[i].Document, err = Parse(Identity, all[i].Name, text)
		}
		if err != nil {
			panic("policy: " + all[i].Name + ": " + err.Error()) // it is part of the binary
		}
		all[i].Text = string(text)
	}
	return all
})

// Ready returns the ready-made policies by name.
func Ready() []ReadyPolicy { return slices.Clone(readyPolicies()) }

// LookupReady returns the ready-made policy of a name or an ARN.
func LookupReady(name string) (ReadyPolicy, bool) {
	name = strings.TrimPrefix(name, ReadyPrefix)
	for _, p := range readyPolicies() {
		if p.Name == name {
			return p, true
		}
	}
	return ReadyPolicy{}, false
}
