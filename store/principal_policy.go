package store

// PrincipalPolicy is a policy of a KeyOwner or of a Role.
type PrincipalPolicy struct {
	Principal Key
	Account   string
	// Attached policies are kept elsewhere: Name is the ARN, and there is no Document.
	Attached bool
	Name     string
	Document string
}

// PrincipalPolicies are the policies of every KeyOwner and every Role.
type PrincipalPolicies interface {
	// PutPrincipalPolicy sets a policy, over the one of that name that is there.
	PutPrincipalPolicy(PrincipalPolicy) error
	// DeletePrincipalPolicy answers ErrNotFound when there is none of that name.
	DeletePrincipalPolicy(principal Key, attached bool, name string) error
	// PrincipalPolicies are all of them, those that are not attached first, by their names.
	PrincipalPolicies(principal Key) ([]PrincipalPolicy, error)
}
