package storetest

import (
	"testing"

	"carillon/store"
)

func testPrincipalPolicies(t *testing.T, w *world) {
	a := w.account(t).ID
	owner, role := w.keyOwner(t, a).Key, w.role(t, a).Key
	policies := func(principal store.Key) func(store.Tx) ([]store.PrincipalPolicy, error) {
		return func(tx store.Tx) ([]store.PrincipalPolicy, error) { return tx.PrincipalPolicies(principal) }
	}
	policy := func(principal store.Key, attached bool, name, document string) store.PrincipalPolicy {
		return store.PrincipalPolicy{Principal: principal, Account: a, Attached: attached, Name: name, Document: document}
	}
	put := func(t *testing.T, list ...store.PrincipalPolicy) {
		t.Helper()
		w.must(t, func(tx store.Tx) error {
			for _, p := range list {
				if err := tx.PutPrincipalPolicy(p); err != nil {
					return err
				}
			}
			return nil
		})
	}

	t.Run("nobody begins with policies", func(t *testing.T) {
		expect(t, w, nil, policies(owner))
	})
	t.Run("policies come with their documents, attached ones last, and belong to one principal", func(t *testing.T) {
		put(t, policy(owner, true, "a", ""), policy(owner, false, "b", long), policy(owner, false, "B", "{}"), policy(role, false, "b", "of the role"))
		expect(t, w, []store.PrincipalPolicy{
			policy(owner, false, "B", "{}"), policy(owner, false, "b", long), policy(owner, true, "a", ""),
		}, policies(owner))
		expect(t, w, []store.PrincipalPolicy{policy(role, false, "b", "of the role")}, policies(role))
	})
	t.Run("a policy replaces the one of its name", func(t *testing.T) {
		put(t, policy(role, false, "b", "new"))
		expect(t, w, []store.PrincipalPolicy{policy(role, false, "b", "new")}, policies(role))
	})
	t.Run("a deleted policy is gone, and no other", func(t *testing.T) {
		w.must(t, func(tx store.Tx) error { return tx.DeletePrincipalPolicy(owner, false, "b") })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.DeletePrincipalPolicy(owner, false, "b") })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.DeletePrincipalPolicy(owner, false, "a") })
		expect(t, w, []store.PrincipalPolicy{policy(owner, false, "B", "{}"), policy(owner, true, "a", "")}, policies(owner))
	})
}
