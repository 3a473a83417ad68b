// Package e2e runs official, unmodified clients of the Amazon Chime SDK against the real binary: the
// AWS SDKs for Go, Python and JavaScript, in their old and new namespaces, and the AWS CLI. It is a
// module of its own, because what it needs is needed by nothing else, and it knows what a client's
// developer knows. Only the tests of what cannot be had from outside, such as a store that fails,
// import the server and run it in their own process: see inprocess_test.go.
//
// With CARILLON_TEST_ENGINE=postgres every server has, beside its data folder, a PostgreSQL database of its
// own, and keeps it when it is started again.
//
// There is one file per topic and language: error_test.go, python/test_errors.py and
// js/test/errors.test.js provoke the same errors. A test that wants something of the machine that is
// not there fails and says what to install; none is skipped.
package e2e
