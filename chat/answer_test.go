package chat_test

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"carillon/api"
	"carillon/testenv"
)

// refused fails the test unless err is of that kind.
func refused(t *testing.T, err error, want api.Kind) {
	t.Helper()
	if testenv.Kind(err) != want {
		t.Errorf("got %v, want %v", err, want)
	}
}

// same fails the test when an answer is not the wanted one. Reasons of errors are no part of answers.
func same(t *testing.T, want, got any) {
	t.Helper()
	if reflect.DeepEqual(want, got) {
		return // cmp takes a hundred times as long to find that out
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(api.Error{}, "Reason")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// done fails the test, now, when a call that must succeed did not.
func done(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func textOf(s string) *string { return &s }
