package access

import (
	"strconv"
	"strings"
	"time"

	"carillon/api"
	"carillon/policy"
)

// Principal is somebody about whom policies decide. It implements api.Grant and never changes.
type Principal struct {
	service *Service

	Account string
	// ARN is who it is in messages; Identity is what aws:PrincipalArn tells: of a session, its role.
	ARN, Identity string
	// Type is User or AssumedRole.
	Type string
	// UserID and UserName are what aws:userid and aws:username tell; a session has no name.
	UserID, UserName string
	// Tags are those of the owner, or of the role and the session, by their folded names.
	Tags map[string]string
	// Issued is when a session began; zero for an owner of keys.
	Issued time.Time
	// opened is the session that this is one's; nil for an owner of keys.
	opened *opened
	// Claims are further condition keys of a session, folded.
	Claims   map[string][]string
	Policies policy.Policies
}

var _ api.Grant = (*Principal)(nil)

// Allows implements api.Grant. An explicit denial for any of the ARNs that a resource may be named by is
// one for the resource.
func (p *Principal) Allows(r *api.AccessRequest) error {
	request := policy.Request{Action: r.Action, Context: p.context(r)}
	if len(r.Resources) == 0 {
		return p.allows(&request, anything)
	}
	for _, choice := range r.Resources {
		if err := p.allows(&request, choice); err != nil {
			return err
		}
	}
	return nil
}

// anything is the resource of an action that acts on nothing in particular.
var anything = api.ResourceChoice{"*"}

func (p *Principal) allows(request *policy.Request, choice api.ResourceChoice) error {
	if len(choice) == 0 {
		choice = anything
	}
	var decision policy.Decision
	for i, name := range choice {
		request.Resource = name
		d := p.Policies.Decide(request)
		if d.Explicit {
			decision = d
			break
		}
		if i == 0 || d.Allowed {
			decision = d
		}
	}
	if decision.Allowed {
		return nil
	}
	return &api.Error{
		Kind: api.AccessDenied,
		Message: "User: " + p.ARN + " is not authorized to perform: " + request.Action + " on resource: " + choice[0] +
			decision.Because(request.Action),
		Reason: decision.String(),
	}
}

const tagKey = "aws:principaltag/"

// context tells the values of condition keys, which are asked for in small letters.
func (p *Principal) context(r *api.AccessRequest) func(string) ([]string, bool) {
	return func(key string) ([]string, bool) {
		if tag, ok := strings.CutPrefix(key, tagKey); ok {
			value, ok := p.Tags[tag]
			return []string{value}, ok
		}
		if value, ok := p.global(key, r.Caller); ok {
			return []string{value}, value != ""
		}
		if values, ok := p.Claims[key]; ok {
			return values, true
		}
		if r.Context == nil {
			return nil, false
		}
		return r.Context(key)
	}
}

// global tells the value of a global condition key, and whether it is one; an empty value is none.
func (p *Principal) global(key string, caller *api.Caller) (string, bool) {
	switch key {
	case "aws:principalarn":
		return p.Identity, true
	case "aws:principalaccount":
		return p.Account, true
	case "aws:principaltype":
		return p.Type, true
	case "aws:userid":
		return p.UserID, true
	case "aws:username":
		return p.UserName, true
	case "aws:principalisawsservice", "aws:viaawsservice":
		return "false", true
	case "aws:requestedregion":
		return p.service.Region, true
	case "aws:sourceip":
		return caller.SourceAddress, true
	case "aws:securetransport":
		return strconv.FormatBool(caller.Secure), true
	case "aws:currenttime":
		return p.service.now().Format(time.RFC3339), true
	case "aws:epochtime":
		return strconv.FormatInt(p.service.now().Unix(), 10), true
	case "aws:tokenissuetime":
		if p.Issued.IsZero() {
			return "", true
		}
		return p.Issued.UTC().Format(time.RFC3339), true
	}
	return "", false
}
