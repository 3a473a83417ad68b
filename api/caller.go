package api

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
	// and so anybody, may say it. No permission may depend on it.
	Secure bool
	// SourceAddress is the network address the request came from, without its port.
	SourceAddress string
}
