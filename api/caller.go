package api

import "time"

// Caller says who made a request: which principal signed it, for which account, and on whose behalf.
type Caller struct {
	// Account is the twelve-digit id of the account that the signing key belongs to.
	Account string
	// Principal is the ARN of the signing principal, such as arn:aws:iam::123456789012:root.
	Principal string
	// AccessKeyID is the public part of the key that signed the request.
	AccessKeyID string
	// Bearer is the header x-amz-chime-bearer as received: the ARN of the identity the caller acts
	// for. It is empty when the header was absent, which only operations whose bearer is optional
	// or unknown ever see.
	Bearer string
	// RequestID is the id this request is answered with.
	RequestID string
	// Authority is the host, and port if any, that the request was sent to.
	Authority string
	// Secure reports whether the client speaks TLS, as far as that is known: a proxy before the server,
	// and so anybody, may say it. No permission may depend on it but the condition aws:SecureTransport of a
	// policy, which is there to remind clients, not to keep them out.
	Secure bool
	// SourceAddress is the network address the request came from, without its port.
	SourceAddress string
	// Grant decides what the principal may do; nil is the root of its account, which may do everything
	// in it.
	Grant Grant
	// Expires is when the credentials end; the zero time is never.
	Expires time.Time
	// Why, unless nil, is told which rules made the answer hold less than there is.
	Why *Why
}

// Explain notes a rule by which the answer holds less than there is, if anybody wants to know.
func (c *Caller) Explain(rule string) {
	if c.Why != nil {
		c.Why.add(rule)
	}
}

// Grant is what a principal may do. Whoever keeps principals implements it.
type Grant interface {
	// Allows returns nil when the action is allowed on every one of the resources; else an *Error of
	// kind AccessDenied with AWS's text and a Reason.
	Allows(r *AccessRequest) error
}

// AccessRequest is one question to a Grant.
type AccessRequest struct {
	// Action is named as in policies: chime:SendChannelMessage, sts:AssumeRole, iam:CreateRole.
	Action string
	// Resources must all be allowed.
	Resources []ResourceChoice
	Caller    *Caller
	// Context gives the values of a condition key that follows from the request: aws:RequestTag/…,
	// aws:TagKeys, aws:ResourceTag/…. All other keys follow from the Caller. nil is none.
	Context func(key string) (values []string, ok bool)
}

// ResourceChoice is the ARNs that one resource may be named by: any of them may be allowed. The first is
// the one that a refusal names.
type ResourceChoice []string
