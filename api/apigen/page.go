package main

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"strings"

	"carillon/api/apigen/model"
)

// pendingOperations reads which operations have no behaviour yet: the methods in chat's list. No
// such file means none.
func pendingOperations(file string) (map[string]bool, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	pending := make(map[string]bool)
	for _, d := range parsed.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv != nil {
			pending[f.Name.Name] = true
		}
	}
	return pending, nil
}

// operationsPage writes docs/operations.md.
func operationsPage(m *model.Model, pending map[string]bool) []byte {
	var b bytes.Buffer
	done := 0
	for _, op := range m.Operations {
		if !pending[op.Name] {
			done++
		}
	}
	others := ""
	if done < len(m.Operations) {
		others = " The others are routed, validated and answered with 501\nNotImplementedException."
	}
	fmt.Fprintf(&b, `# Operations

<!-- Written by api/apigen (go generate ./api). Do not edit. -->

**%d of %d** operations behave as documented.%s

Every operation is served once for all namespaces that have it: M is chime-sdk-messaging, I is
chime-sdk-identity, L is the messaging part of chime (2018-05-01). The bearer is the header
x-amz-chime-bearer. Every operation can also answer BadRequest (400), Throttled (429),
AccessDenied (403) and the signature errors of an AWS front end.

| Operation | Request | OK | In | Bearer | Errors | State |
| --- | --- | --- | --- | --- | --- | --- |
`, done, len(m.Operations), others)
	for _, op := range m.Operations {
		request := op.Method + " " + op.Path
		if op.Query != "" {
			request += "?" + op.Query
		}
		var in, kinds []string
		for _, ns := range op.Namespaces {
			if letter := strings.TrimPrefix(namespaceNames[ns], "Namespace")[:1]; len(in) == 0 || in[len(in)-1] != letter {
				in = append(in, letter)
			}
		}
		for _, e := range op.Errors {
			kinds = append(kinds, kind(e))
		}
		state := "done"
		if pending[op.Name] {
			state = "501"
		}
		fmt.Fprintf(&b, "| %s | `%s` | %d | %s | %s | %s | %s |\n", op.Name, request, op.Status, strings.Join(in, " "),
			strings.ToLower(op.Bearer), strings.Join(kinds, ", "), state)
	}
	b.WriteString("\n## Where the namespaces differ\n\nThe looser fact is taken, so that every client is served:\n\n")
	for _, l := range m.Loosened {
		fmt.Fprintf(&b, "- %s\n", l)
	}
	b.WriteString("- x-amz-chime-bearer: required where a current namespace requires it; chime (2018-05-01) has it optional everywhere.\n")
	return b.Bytes()
}
