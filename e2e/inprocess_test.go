package e2e

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/prometheus/client_golang/prometheus"

	"carillon/api"
	"carillon/auth"
	"carillon/chat"
	"carillon/rest"
	"carillon/store"
	"carillon/store/storetest"
	"carillon/testenv"
	"carillon/throttle"
)

// inProcess is the API over HTTP on the loopback, as the binary puts it together, but in this process,
// so that a test can make its parts fail.
type inProcess struct {
	*testenv.Env
	ready
	store   switched
	clients map[string]reflect.Value // by the path of the SDK's package

	mu      sync.Mutex
	handler http.Handler
	keys    error // what looking up an access key fails with
	admit   func(context.Context, *api.Operation, *api.Caller, any) error
}

// newInProcess starts a server that lives as long as the test.
func newInProcess(t *testing.T) *inProcess {
	t.Helper()
	s := new(inProcess)
	s.Env = testenv.New(t, testenv.WithStore(func(sound store.Store) store.Store {
		s.store.Store = sound
		return &s.store
	}))
	s.serve()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		handler := s.handler
		s.mu.Unlock()
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.ready = ready{
		Endpoint: server.URL, Region: testenv.Region, AccountID: testenv.Account,
		AccessKeyID: "AKIAINPROCESS", SecretAccessKey: "a secret that nobody else has",
	}
	s.clients = make(map[string]reflect.Value)
	// What is wrong is to reach the server, and connections are not shared with other servers.
	unchecked := &aws.Config{DisableParamValidation: aws.Bool(true), HTTPClient: server.Client()}
	for _, client := range []any{s.messaging(t, unchecked), s.identity(t, unchecked), s.legacy(t, unchecked)} {
		s.clients[reflect.TypeOf(client).Elem().PkgPath()] = reflect.ValueOf(client)
	}
	return s
}

// serve puts the API of the Env behind HTTP. When the test is over, no error must have been answered
// that its operation does not declare.
func (s *inProcess) serve() {
	metrics := prometheus.NewRegistry()
	s.T.Cleanup(func() {
		families, err := metrics.Gather()
		if err != nil {
			s.T.Error(err)
		}
		for _, family := range families {
			if family.GetName() == "carillon_undeclared_errors_total" {
				s.T.Errorf("errors were answered that are not declared: %v", family)
			}
		}
	})
	handler := rest.New(rest.Options{
		Service:      s.Service,
		Authenticate: auth.New(auth.Options{Region: testenv.Region, Lookup: s.lookup}).Authenticate,
		Admit:        s.admits,
		Log:          slog.New(slog.DiscardHandler),
		Metrics:      metrics,
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handler = handler
}

func (s *inProcess) lookup(_ context.Context, id, _ string) (auth.Key, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys != nil {
		return auth.Key{}, false, s.keys
	}
	return auth.Key{
		AccessKeyID: s.AccessKeyID, Secret: s.SecretAccessKey, Account: testenv.Account, Principal: "arn:aws:iam::" + testenv.Account + ":root",
	}, id == s.AccessKeyID, nil
}

func (s *inProcess) admits(ctx context.Context, op *api.Operation, caller *api.Caller, in any) error {
	s.mu.Lock()
	admit := s.admit
	s.mu.Unlock()
	if admit == nil {
		return nil
	}
	return admit(ctx, op, caller, in)
}

// failKeys lets looking up access keys fail from now on; nil repairs it.
func (s *inProcess) failKeys(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = err
}

// close lets no request through from now on: every one is above its rate. open ends that.
func (s *inProcess) close() {
	nothing := throttle.New([]throttle.Rate{{Name: "nothing", Scope: throttle.PerAccount}}, throttle.Options{})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.admit = nothing.Admit
}

func (s *inProcess) open() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.admit = nil
}

// limitToOne restarts the server with a quota of one of everything.
func (s *inProcess) limitToOne() {
	var limits chat.Limits
	quotas := reflect.ValueOf(&limits).Elem()
	for i := range quotas.NumField() {
		quotas.Field(i).SetInt(1)
	}
	limits.MembersPerBatch = chat.OpenLimits().MembersPerBatch // of a request, not of what there is
	s.Restart(testenv.WithLimits(limits))
	s.serve()
}

// send sends a request of the AWS SDK for Go through the client that it belongs to, and returns the
// operation's error.
func (s *inProcess) send(in any) error {
	client := s.clients[reflect.TypeOf(in).Elem().PkgPath()]
	results := client.MethodByName(operationOf(in)).Call([]reflect.Value{reflect.ValueOf(in)})
	err, _ := results[1].Interface().(error)
	return err
}

// operationOf is the name of the operation that a request of the SDK is for.
func operationOf(in any) string { return strings.TrimSuffix(reflect.TypeOf(in).Elem().Name(), "Input") }

// inNamespaces returns a request of one namespace in every namespace that has its operation.
func (s *inProcess) inNamespaces(in any) []any {
	s.T.Helper()
	var list []any
	for _, client := range s.clients {
		method, words := client.MethodByName(operationOf(in)), strings.NewReplacer()
		if !method.IsValid() {
			method, words = client.MethodByName(legacyWords.Replace(operationOf(in))), legacyWords
		}
		if !method.IsValid() {
			continue
		}
		same := reflect.New(method.Type().In(0).Elem()).Interface()
		convert(s.T, in, same, words)
		list = append(list, same)
	}
	return list
}

// legacyWords are what chime (2018-05-01) calls streaming configurations.
var legacyWords = strings.NewReplacer("MessagingStreaming", "AppInstanceStreaming",
	`"StreamingConfigurations"`, `"AppInstanceStreamingConfigurations"`, `"DataType"`, `"AppInstanceDataType"`)

// convert makes a request of another type, or with other words in it: the SDK's types have the names
// of the models in all namespaces.
func convert(t testing.TB, from, to any, words *strings.Replacer) {
	t.Helper()
	wire, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal([]byte(words.Replace(string(wire))), to)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// switched is a store that can be made to fail.
type switched struct {
	store.Store // that is sound

	mu   sync.Mutex
	sick store.Store // nil while there is no fault
}

// fail lets the first step of the next transaction fail; nil repairs the store.
func (s *switched) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sick = nil
	if err != nil {
		s.sick = storetest.Failing(s.Store, 1, err)
	}
}

func (s *switched) now() store.Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sick != nil {
		return s.sick
	}
	return s.Store
}

// View implements store.Store.
func (s *switched) View(ctx context.Context, fn func(store.Tx) error) error {
	return s.now().View(ctx, fn)
}

// Update implements store.Store.
func (s *switched) Update(ctx context.Context, fn func(store.Tx) error) error {
	return s.now().Update(ctx, fn)
}
