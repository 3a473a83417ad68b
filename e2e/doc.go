// Package e2e runs official, unmodified clients of the Amazon Chime SDK against the real binary: the
// AWS SDKs for Go, Python and JavaScript, in their old and new namespaces, and the AWS CLI. It is a
// module of its own, because what it needs is needed by nothing else, and it imports nothing of the
// server: it knows what a client's developer knows.
//
// There is one file per topic and language: error_test.go, python/test_errors.py and
// js/test/errors.test.js provoke the same errors. A test that wants something of the machine that is
// not there fails and says what to install; none is skipped.
package e2e
