package policy

import (
	"errors"
	"fmt"
	"strings"
)

// PrincipalKind says how a principal is known.
type PrincipalKind uint8

// The kinds of principal.
const (
	// AWSPrincipal is one that signs with keys: the root of an account, a user or a role's session.
	AWSPrincipal PrincipalKind = iota + 1
	// FederatedPrincipal is whoever an identity provider vouches for.
	FederatedPrincipal
	// ServicePrincipal is a service.
	ServicePrincipal
)

// principalElements are the kinds by their names in documents.
var principalElements = map[string]PrincipalKind{
	"AWS": AWSPrincipal, "Federated": FederatedPrincipal, "Service": ServicePrincipal,
}

// Principal is who asks to take a role.
type Principal struct {
	Kind PrincipalKind
	// ARN is that of the principal itself; of an identity provider its own, and of a service its name.
	ARN string
	// Role is the ARN of the role whose session the principal is, if it is one.
	Role string
	// Account is the account of an AWSPrincipal.
	Account string
}

// principal is an entry of a Principal element.
type principal struct {
	kind PrincipalKind
	// value is an ARN or a name; it is empty for an account as a whole.
	value   string
	account string
	// everyone is "*".
	everyone bool
	source   string
}

// trust is how a statement names a principal.
type trust uint8

const (
	stranger trust = iota
	// delegate is one of an account, or of all, that is named as a whole.
	delegate
	named
)

// parsePrincipal reads an entry below the given kind of a Principal element.
func parsePrincipal(kind PrincipalKind, source string) (principal, error) {
	p := principal{kind: kind, value: source, source: source}
	if source == "*" && kind == AWSPrincipal {
		p.everyone = true
		return p, nil
	}
	switch {
	case source == "":
		return p, errors.New("a principal is empty")
	case strings.ContainsAny(source, "*?"):
		return p, errors.New(`a principal has no wildcards; "*" alone, for AWS, is everyone`)
	case kind != AWSPrincipal:
		return p, nil
	case isAccount(source):
		p.value, p.account = "", source
		return p, nil
	}
	parts := strings.SplitN(source, ":", arnComponents)
	if len(parts) < arnComponents || parts[0] != "arn" || !isAccount(parts[4]) {
		return p, fmt.Errorf("%q is neither an account nor the ARN of a principal", clip(source))
	}
	kindOf, rest, _ := strings.Cut(parts[5], "/")
	switch {
	case parts[2] == "iam" && parts[5] == "root":
		p.value, p.account = "", parts[4]
	case parts[2] == "iam" && (kindOf == "user" || kindOf == "role") && rest != "",
		parts[2] == "sts" && kindOf == "assumed-role" && strings.Count(rest, "/") == 1:
	default:
		return p, fmt.Errorf("%q is the ARN of no root, user, role or session", clip(source))
	}
	return p, nil
}

func isAccount(s string) bool {
	return len(s) == 12 && strings.Trim(s, "0123456789") == ""
}

func (p *principal) matches(asking *Principal) trust {
	switch {
	case p.kind != asking.Kind:
		return stranger
	case p.everyone, p.account != "" && p.account == asking.Account:
		return delegate
	case p.value != "" && (p.value == asking.ARN || p.value == asking.Role):
		return named
	}
	return stranger
}

// trusts tells how the statement names who asks. Documents that say what their own principal may do name
// none.
func (st *statement) trusts(asking *Principal) trust {
	if st.document.kind != Trust {
		return named
	}
	best := stranger
	for i := range st.principals {
		best = max(best, st.principals[i].matches(asking))
	}
	switch {
	case !st.notPrincipal:
		return best
	case best == stranger:
		return named
	}
	return stranger
}
