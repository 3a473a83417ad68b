// Package carillon_test holds the house to its rule: which package may know which.
package carillon_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// module is the path that every package of the house begins with.
const module = "carillon"

// everything allows all packages of the house.
const everything = "..."

// house is the rule as a table: a package, and the packages of the house that it may import.
//
// Words know nobody, but store may name what arn names. An implementation knows the word it
// implements. Rooms know words and never each other; what one needs of another it declares, and
// server fills in. server knows everyone. A package without a line is not part of the house.
var house = map[string][]string{
	// Words.
	"api":    {},
	"arn":    {},
	"bus":    {},
	"policy": {},
	"sigv4":  {},
	"store":  {"arn"},

	// Implementations of words.
	"store/sqlstore":        {"arn", "store"},
	"store/sqlstore/pgtest": {},
	"store/storetest":       {"arn", "store"},

	// Rooms.
	"access":      {"api", "arn", "policy", "store"},
	"audit":       {"api"},
	"auth":        {"api", "arn", "sigv4", "store"},
	"cert":        {},
	"chat":        {"api", "arn", "bus", "store"},
	"console":     {},
	"live":        {"api", "arn", "bus", "sigv4"},
	"query":       {"api", "sigv4"},
	"rest":        {"api", "arn", "sigv4"},
	"throttle":    {"api", "arn"},
	"webidentity": {},

	// The house as a whole.
	"server":       {everything},
	"testenv":      {everything},
	"cmd/carillon": {"api", "arn", "bench", "policy", "server", "sigv4"},

	// The load tool, which knows of a server what everybody may know.
	"bench": {"api", "arn", "sigv4"},

	// Tools that make parts of the house.
	"api/apigen":       {"api/apigen/model"},
	"api/apigen/model": {},
}

// forbidden are packages from outside that some packages must do without.
var forbidden = map[string][]string{
	"chat": {"net/http"},
}

// drivers begin the paths of packages that talk to databases, which only driverRoom and what is below
// it may import, in tests too.
var drivers = []string{
	"database/sql", "zombiezen.com/go/sqlite", "modernc.org/sqlite", "github.com/mattn/go-sqlite3",
	"github.com/jackc/pgx", "github.com/lib/pq",
}

const driverRoom = "store/sqlstore"

// pkg is what the rule looks at of one package.
type pkg struct {
	Path        string   // below the module; "" is the root, which has tests only
	Imports     []string // of its own files
	TestImports []string // of its tests
	Doc         string
}

func TestArchitecture(t *testing.T) {
	packages := readPackages(t)

	t.Run("every package keeps the rule", func(t *testing.T) {
		for _, problem := range problems(packages, house) {
			t.Error(problem)
		}
	})

	t.Run("every line of the table has a package", func(t *testing.T) {
		for name := range house {
			if !slices.ContainsFunc(packages, func(p pkg) bool { return p.Path == name }) {
				t.Errorf("%s has a line and is not there", name)
			}
		}
	})
}

func TestProblems(t *testing.T) {
	const doc = "Package x is for tests."
	table := map[string][]string{"api": {}, "chat": {"api"}, "rest": {"api"}, "server": {everything}, driverRoom: {"store"}, "store": {}, "cmd/tool": {}}
	for _, c := range []struct {
		name string
		pkg  pkg
		want []string
	}{
		{"a room may import a word", pkg{Path: "chat", Imports: []string{"context", "carillon/api"}, Doc: doc}, nil},
		{"a room must not import a room", pkg{Path: "chat", Imports: []string{"carillon/rest"}, Doc: doc}, []string{"chat must not import rest"}},
		{"a room's tests may", pkg{Path: "chat", TestImports: []string{"carillon/rest"}, Doc: doc}, nil},
		{"a prefix of a name is another name", pkg{Path: "chat", Imports: []string{"carillon/api/apigen"}, Doc: doc}, []string{"chat must not import api/apigen"}},
		{"server may import everything", pkg{Path: "server", Imports: []string{"carillon/chat", "carillon/rest"}, Doc: doc}, nil},
		{"chat must not import net/http", pkg{Path: "chat", Imports: []string{"net/http"}, Doc: doc}, []string{"chat must not import net/http"}},
		{"rest may import net/http", pkg{Path: "rest", Imports: []string{"net/http"}, Doc: doc}, nil},
		{"sqlstore may import a driver", pkg{Path: driverRoom, Imports: []string{"zombiezen.com/go/sqlite/sqlitex"}, Doc: doc}, nil},
		{"what is below sqlstore may too", pkg{Path: driverRoom + "/pgtest", TestImports: []string{"github.com/jackc/pgx/v5"}, Doc: doc}, []string{driverRoom + "/pgtest has no line in the table of arch_test.go"}},
		{"server must not import a driver", pkg{Path: "server", Imports: []string{"zombiezen.com/go/sqlite"}, Doc: doc}, []string{"server must not import the database driver zombiezen.com/go/sqlite"}},
		{"tests must not import a driver either", pkg{Path: "chat", TestImports: []string{"database/sql"}, Doc: doc}, []string{"chat must not import the database driver database/sql"}},
		{"a package without a line is no part of the house", pkg{Path: "util", Doc: doc}, []string{"util has no line in the table of arch_test.go"}},
		{"a package without a doc comment is told", pkg{Path: "api"}, []string{"api has no doc comment that begins with \"Package \" or \"Command \""}},
		{"a command says Command", pkg{Path: "cmd/tool", Doc: "Command tool is for tests."}, nil},
		{"the root has tests only", pkg{Path: "", TestImports: []string{"go/ast"}}, nil},
		{"the root must have no package", pkg{Path: "", Imports: []string{"fmt"}, Doc: doc}, []string{"the root has tests only"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, problems([]pkg{c.pkg}, table)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// problems tells where packages break the rule.
func problems(packages []pkg, table map[string][]string) []string {
	var found []string
	for _, p := range packages {
		found = append(found, driverProblems(p)...)
		if p.Path == "" {
			if p.Doc != "" || len(p.Imports) > 0 {
				found = append(found, "the root has tests only")
			}
			continue
		}
		allowed, ok := table[p.Path]
		if !ok {
			found = append(found, p.Path+" has no line in the table of arch_test.go")
		}
		if !strings.HasPrefix(p.Doc, "Package ") && !strings.HasPrefix(p.Doc, "Command ") {
			found = append(found, p.Path+` has no doc comment that begins with "Package " or "Command "`)
		}
		for _, imported := range p.Imports {
			name, inside := strings.CutPrefix(imported, module+"/")
			switch {
			case slices.Contains(forbidden[p.Path], imported):
				found = append(found, p.Path+" must not import "+imported)
			case inside && ok && !slices.Contains(allowed, name) && !slices.Contains(allowed, everything):
				found = append(found, p.Path+" must not import "+name)
			}
		}
	}
	return found
}

func driverProblems(p pkg) []string {
	if p.Path == driverRoom || strings.HasPrefix(p.Path, driverRoom+"/") {
		return nil
	}
	var found []string
	for _, imported := range append(slices.Clone(p.Imports), p.TestImports...) {
		isDriver := func(d string) bool { return imported == d || strings.HasPrefix(imported, d+"/") }
		if slices.ContainsFunc(drivers, isDriver) {
			found = append(found, p.Path+" must not import the database driver "+imported)
		}
	}
	return found
}

// readPackages reads all packages of the module, whatever they are built for.
func readPackages(t *testing.T) []pkg {
	t.Helper()
	packages := make(map[string]*pkg)
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			return skipFolder(file, entry.Name())
		case !strings.HasSuffix(file, ".go"):
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		name := path.Dir(filepath.ToSlash(file))
		if name == "." {
			name = ""
		}
		if packages[name] == nil {
			packages[name] = &pkg{Path: name}
		}
		packages[name].add(parsed, strings.HasSuffix(file, "_test.go"))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	list := make([]pkg, 0, len(packages))
	for _, p := range packages {
		list = append(list, *p)
	}
	slices.SortFunc(list, func(a, b pkg) int { return strings.Compare(a.Path, b.Path) })
	return list
}

// skipFolder passes over what the go command does not look into either, and over other modules.
func skipFolder(folder, name string) error {
	if folder == "." {
		return nil
	}
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "node_modules" {
		return fs.SkipDir
	}
	if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
		return fs.SkipDir
	}
	return nil
}

func (p *pkg) add(file *ast.File, test bool) {
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue // it has been parsed
		}
		if test {
			p.TestImports = append(p.TestImports, imported)
		} else {
			p.Imports = append(p.Imports, imported)
		}
	}
	if !test && file.Doc != nil && p.Doc == "" {
		p.Doc = file.Doc.Text()
	}
}
