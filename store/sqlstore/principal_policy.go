package sqlstore

import "carillon/store"

var principalPolicyColumns = columns("p", "principal attached name account document")

func scanPrincipalPolicy(r *row) store.PrincipalPolicy {
	return store.PrincipalPolicy{Principal: r.key(), Attached: r.flag(), Name: r.text(), Account: r.text(), Document: r.text()}
}

var (
	putPrincipalPolicy = sql(`INSERT INTO principal_policy (principal, attached, name, account, document) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (principal, attached, name) DO UPDATE SET document = excluded.document`)
	deletePrincipalPolicy   = sql(`DELETE FROM principal_policy WHERE principal = $1 AND attached = $2 AND name = $3`)
	selectPrincipalPolicies = sql(`SELECT ` + principalPolicyColumns + ` FROM principal_policy p
		WHERE p.principal = $1 ORDER BY p.attached, p.name`)
)

// PutPrincipalPolicy implements store.PrincipalPolicies.
func (t *tx) PutPrincipalPolicy(p store.PrincipalPolicy) error {
	return t.put(putPrincipalPolicy, key(p.Principal), flag(p.Attached), text(p.Name), text(p.Account), text(p.Document))
}

// DeletePrincipalPolicy implements store.PrincipalPolicies.
func (t *tx) DeletePrincipalPolicy(principal store.Key, attached bool, name string) error {
	return t.change(deletePrincipalPolicy, key(principal), flag(attached), text(name))
}

// PrincipalPolicies implements store.PrincipalPolicies.
func (t *tx) PrincipalPolicies(principal store.Key) ([]store.PrincipalPolicy, error) {
	var policies []store.PrincipalPolicy
	err := t.query(selectPrincipalPolicies, func(_ int, r *row) { policies = append(policies, scanPrincipalPolicy(r)) }, key(principal))
	return policies, err
}
