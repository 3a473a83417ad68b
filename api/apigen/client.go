package main

import (
	"bytes"
	"fmt"
)

// client writes the typed client of testenv: a method per operation, for tests that read like calls
// of an SDK.
func (g *generator) client(b *bytes.Buffer) {
	b.WriteString("import \"carillon/api\"\n\n")
	for _, op := range g.m.Operations {
		if op.Output == nil {
			fmt.Fprintf(b, "// %s calls the operation.\nfunc (c *Client) %s(in api.%s) error {\n_, err := c.call(%q, &in)\nreturn err\n}\n\n",
				op.Name, op.Name, op.Input.Name, op.Name)
			continue
		}
		fmt.Fprintf(b, "// %s calls the operation.\nfunc (c *Client) %s(in api.%s) (*api.%s, error) {\nout, err := c.call(%q, &in)\nif err != nil {\nreturn nil, err\n}\nreturn out.(*api.%s), nil\n}\n\n",
			op.Name, op.Name, op.Input.Name, op.Output.Name, op.Name, op.Output.Name)
	}
}
