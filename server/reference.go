package server

import (
	"fmt"
	"io"
	"strings"
)

//go:generate sh -c "go build -o ../bin/carillon ../cmd/carillon && ../bin/carillon config --markdown > ../docs/config.md"

// WriteReference writes what there is to say about every setting, for a terminal.
func WriteReference(w io.Writer) error {
	var b strings.Builder
	for i, s := range Settings() {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s\n", s.Name)
		fmt.Fprintf(&b, "    environment  %s\n", s.Env)
		fmt.Fprintf(&b, "    flag         %s\n", or(dashed(s.Flag), "none"))
		fmt.Fprintf(&b, "    default      %s\n", or(s.Default, "none"))
		fmt.Fprintf(&b, "    unit         %s\n", s.Unit)
		fmt.Fprintf(&b, "    meaning      %s\n", wrap(s.Meaning, 80, "                 "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

const markdownHead = `<!-- Made by "go generate ./server" from server/setting.go. DO NOT EDIT. -->

# Configuration

Settings come from a YAML file (` + "`carillon serve --config FILE`" + `), then from the environment, then from
flags; the later wins. A dot in a name is a level of the file, so ` + "`limits.profile: aws`" + ` is written

` + "```yaml" + `
limits:
  profile: aws
` + "```" + `

An empty environment variable sets nothing. A setting that the file should not have is an error, and so is
every value that makes no sense: a server starts with all of its settings or not at all. Durations are a
number and a unit, such as ` + "`500ms`, `30s` or `2m`" + `. ` + "`carillon config`" + ` prints this list.

| setting | environment | flag | default | unit | meaning |
| --- | --- | --- | --- | --- | --- |
`

// WriteMarkdown writes the same as docs/config.md.
func WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	b.WriteString(markdownHead)
	for _, s := range Settings() {
		fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s | %s | %s |\n",
			s.Name, s.Env, or(code(dashed(s.Flag)), "none"), or(code(s.Default), "none"), s.Unit, s.Meaning)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func dashed(flag string) string {
	if flag == "" {
		return ""
	}
	return "--" + flag
}

func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + text + "`"
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// wrap breaks text into lines of at most width characters where words allow it.
func wrap(text string, width int, indent string) string {
	var b strings.Builder
	column := 0
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
		case column+1+len(word) > width:
			b.WriteString("\n" + indent)
			column = 0
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	return b.String()
}
