package server

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"carillon/api"
)

var errCrash = errors.New("the process is gone")

// fragile is a service that does so many writes and then is gone: before or after the effect of the
// last one.
type fragile struct {
	api.Service
	left  int
	after bool
}

// crash runs one write.
func crash[T any](f *fragile, do func() (T, error)) (T, error) {
	var none T
	f.left--
	switch {
	case f.left > 0, f.left == 0 && !f.after:
		return do()
	case f.left == 0:
		if _, err := do(); err != nil {
			return none, err
		}
	}
	return none, errCrash
}

func (f *fragile) CreateAppInstance(ctx context.Context, c *api.Caller, in *api.CreateAppInstanceRequest) (*api.CreateAppInstanceResponse, error) {
	return crash(f, func() (*api.CreateAppInstanceResponse, error) { return f.Service.CreateAppInstance(ctx, c, in) })
}

func (f *fragile) CreateAppInstanceUser(ctx context.Context, c *api.Caller, in *api.CreateAppInstanceUserRequest) (*api.CreateAppInstanceUserResponse, error) {
	return crash(f, func() (*api.CreateAppInstanceUserResponse, error) {
		return f.Service.CreateAppInstanceUser(ctx, c, in)
	})
}

func (f *fragile) CreateAppInstanceAdmin(ctx context.Context, c *api.Caller, in *api.CreateAppInstanceAdminRequest) (*api.CreateAppInstanceAdminResponse, error) {
	return crash(f, func() (*api.CreateAppInstanceAdminResponse, error) {
		return f.Service.CreateAppInstanceAdmin(ctx, c, in)
	})
}

// checkDemo looks for exactly one demo, complete and as it was told.
func checkDemo(t *testing.T, s *Server, demo Demo) {
	t.Helper()
	caller := &api.Caller{Account: s.config.Account}
	instances, err := s.service.ListAppInstances(t.Context(), caller, &api.ListAppInstancesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if len(instances.AppInstances) != 1 || instances.AppInstances[0].AppInstanceArn != demo.AppInstance {
		t.Fatalf("demo in %s, app instances %+v", demo.AppInstance, instances.AppInstances)
	}
	users, err := s.service.ListAppInstanceUsers(t.Context(), caller, &api.ListAppInstanceUsersRequest{AppInstanceArn: demo.AppInstance})
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]string)
	for _, u := range users.AppInstanceUsers {
		got[u.Name] = u.AppInstanceUserArn
	}
	want := map[string]string{"Admin": demo.AppInstance + "/user/admin"}
	for name, id := range map[string]string{"Alice": "alice", "Bob": "bob", "Carol": "carol", "Dave": "dave"} {
		want[name] = demo.AppInstance + "/user/" + id
		if demo.Users[id] != want[name] {
			t.Errorf("%s is told to be %q", id, demo.Users[id])
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || len(demo.Users) != 4 {
		t.Errorf("%d users told, (-want +got):\n%s", len(demo.Users), diff)
	}
	admins, err := s.service.ListAppInstanceAdmins(t.Context(), caller, &api.ListAppInstanceAdminsRequest{AppInstanceArn: demo.AppInstance})
	if err != nil {
		t.Fatal(err)
	}
	if len(admins.AppInstanceAdmins) != 1 || admins.AppInstanceAdmins[0].Admin.Arn != demo.Admin || demo.Admin != want["Admin"] {
		t.Errorf("admin %s, admins %+v", demo.Admin, admins.AppInstanceAdmins)
	}
}

func TestSeedDemo(t *testing.T) {
	t.Run("the first start makes it", func(t *testing.T) {
		s := open(t, quiet(t))
		demo, err := s.SeedDemo(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		checkDemo(t, s, demo)
		content, err := os.ReadFile(filepath.Join(s.config.Data, "demo.json"))
		if err != nil {
			t.Fatal(err)
		}
		var remembered Demo
		if err := json.Unmarshal(content, &remembered); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(demo, remembered); diff != "" {
			t.Errorf("(-told +remembered):\n%s", diff)
		}
	})

	t.Run("later starts find it", func(t *testing.T) {
		c := quiet(t)
		s := open(t, c)
		first, err := s.SeedDemo(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		s = open(t, c)
		second, err := s.SeedDemo(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first, second); diff != "" {
			t.Errorf("(-first +second):\n%s", diff)
		}
		checkDemo(t, s, second)
	})

	t.Run("a crash at any write leaves one that the next start completes", func(t *testing.T) {
		const writes = 7 // app instance, five users, admin
		s := open(t, quiet(t))
		whole := s.service
		// forget takes the server back to before its first start.
		forget := func(demo Demo) {
			caller := &api.Caller{Account: s.config.Account}
			if err := whole.DeleteAppInstance(t.Context(), caller, &api.DeleteAppInstanceRequest{AppInstanceArn: demo.AppInstance}); err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(s.demoPath()); err != nil {
				t.Fatal(err)
			}
		}
		for n := 1; n <= writes; n++ {
			for _, after := range []bool{false, true} {
				f := &fragile{Service: whole, left: n, after: after}
				if !after {
					f.left-- // so that write n has no effect
				}
				s.service = f
				if _, err := s.SeedDemo(t.Context()); !errors.Is(err, errCrash) {
					t.Fatalf("write %d: got %v, want the crash", n, err)
				}
				s.service = whole
				demo, err := s.SeedDemo(t.Context())
				if err != nil {
					t.Fatalf("write %d: %v", n, err)
				}
				checkDemo(t, s, demo)
				forget(demo)
			}
		}
		f := &fragile{Service: whole, left: writes + 1}
		s.service = f
		if _, err := s.SeedDemo(t.Context()); err != nil || f.left != 1 {
			t.Errorf("the demo takes %d writes, not %d; error %v", writes+1-f.left, writes, err)
		}
	})

	t.Run("a demo that was forgotten is found again behind other app instances", func(t *testing.T) {
		c := quiet(t)
		s := open(t, c)
		for range 60 {
			if _, err := s.service.CreateAppInstance(t.Context(), &api.Caller{Account: c.Account}, &api.CreateAppInstanceRequest{Name: "other"}); err != nil {
				t.Fatal(err)
			}
		}
		first, err := s.SeedDemo(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(s.demoPath()); err != nil {
			t.Fatal(err)
		}
		second, err := s.SeedDemo(t.Context())
		if diff := cmp.Diff(first, second); diff != "" || err != nil {
			t.Errorf("error %v, (-first +second):\n%s", err, diff)
		}
	})

	t.Run("what somebody deleted is made again", func(t *testing.T) {
		s := open(t, quiet(t))
		caller := &api.Caller{Account: s.config.Account}
		first, err := s.SeedDemo(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := s.service.DeleteAppInstanceUser(t.Context(), caller, &api.DeleteAppInstanceUserRequest{AppInstanceUserArn: first.Users["dave"]}); err != nil {
			t.Fatal(err)
		}
		if second, err := s.SeedDemo(t.Context()); err != nil || second.AppInstance != first.AppInstance {
			t.Fatalf("%+v, error %v", second, err)
		}
		if _, err := s.service.DescribeAppInstanceUser(t.Context(), caller, &api.DescribeAppInstanceUserRequest{AppInstanceUserArn: first.Users["dave"]}); err != nil {
			t.Errorf("dave is not there: %v", err)
		}
		if err := s.service.DeleteAppInstance(t.Context(), caller, &api.DeleteAppInstanceRequest{AppInstanceArn: first.AppInstance}); err != nil {
			t.Fatal(err)
		}
		third, err := s.SeedDemo(t.Context())
		if err != nil || third.AppInstance == first.AppInstance {
			t.Errorf("%+v, error %v", third, err)
		}
	})

	t.Run("a file that holds something else is not taken for a demo", func(t *testing.T) {
		s := open(t, quiet(t))
		if err := os.WriteFile(s.demoPath(), []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.SeedDemo(t.Context()); err == nil {
			t.Error("accepted")
		}
	})
}

func TestReady(t *testing.T) {
	s := open(t, quiet(t))
	demo, err := s.SeedDemo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "ready.json")
	if err := s.Ready(demo).WriteFile(path); err != nil {
		t.Fatal(err)
	}

	t.Run("the file has everything a client needs", func(t *testing.T) {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal(content, &got); err != nil {
			t.Fatal(err)
		}
		users := make(map[string]any)
		for _, id := range []string{"alice", "bob", "carol", "dave"} {
			users[id] = demo.AppInstance + "/user/" + id
		}
		want := map[string]any{
			"endpoint": "http://" + s.Addr(), "region": "us-east-1", "account_id": "123456789012",
			"access_key_id": s.rootKey.ID, "secret_access_key": s.rootKey.Secret,
			"app_instance_arn": demo.AppInstance, "admin_arn": demo.AppInstance + "/user/admin", "user_arns": users,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})

	t.Run("only its owner can read it, and nothing is left beside it", func(t *testing.T) {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != 0o600 {
			t.Errorf("mode %v", got)
		}
		entries, err := os.ReadDir(filepath.Dir(path))
		if err != nil || len(entries) != 1 {
			t.Errorf("%d files, error %v", len(entries), err)
		}
	})

	t.Run("a folder that is not there is an error", func(t *testing.T) {
		if err := s.Ready(demo).WriteFile(filepath.Join(t.TempDir(), "none", "ready.json")); err == nil {
			t.Error("accepted")
		}
	})
}
