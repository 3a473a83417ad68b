package policy

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// condition compares the values that a request has of one key with those of the policy.
type condition struct {
	// name is the operator as it is written, with its modifiers, and key the key likewise.
	name, key string
	folded    string
	operator
	quantifier quantifier
	ifExists   bool
	operands   []operand
}

// operator is an operator without its modifiers.
type operator struct {
	family  family
	compare compare
	// negated operators hold where the others of their family do not.
	negated bool
}

// family is what an operator takes values for.
type family uint8

const (
	ofText family = iota
	ofTextFold
	ofTextLike
	ofNumber
	ofDate
	ofTruth
	ofBinary
	ofNetwork
	ofARN
	ofNull
)

// compare says how values with an order are compared.
type compare uint8

const (
	equal compare = iota
	less
	lessOrEqual
	greater
	greaterOrEqual
)

// holds reports whether a is to b as the comparison says, where order is negative, zero or positive as
// a is less than, equal to or greater than b.
func (c compare) holds(order int) bool {
	switch c {
	case less:
		return order < 0
	case lessOrEqual:
		return order <= 0
	case greater:
		return order > 0
	case greaterOrEqual:
		return order >= 0
	}
	return order == 0
}

var operators = map[string]operator{
	"StringEquals":              {family: ofText},
	"StringNotEquals":           {family: ofText, negated: true},
	"StringEqualsIgnoreCase":    {family: ofTextFold},
	"StringNotEqualsIgnoreCase": {family: ofTextFold, negated: true},
	"StringLike":                {family: ofTextLike},
	"StringNotLike":             {family: ofTextLike, negated: true},
	"NumericEquals":             {family: ofNumber},
	"NumericNotEquals":          {family: ofNumber, negated: true},
	"NumericLessThan":           {family: ofNumber, compare: less},
	"NumericLessThanEquals":     {family: ofNumber, compare: lessOrEqual},
	"NumericGreaterThan":        {family: ofNumber, compare: greater},
	"NumericGreaterThanEquals":  {family: ofNumber, compare: greaterOrEqual},
	"DateEquals":                {family: ofDate},
	"DateNotEquals":             {family: ofDate, negated: true},
	"DateLessThan":              {family: ofDate, compare: less},
	"DateLessThanEquals":        {family: ofDate, compare: lessOrEqual},
	"DateGreaterThan":           {family: ofDate, compare: greater},
	"DateGreaterThanEquals":     {family: ofDate, compare: greaterOrEqual},
	"Bool":                      {family: ofTruth},
	"BinaryEquals":              {family: ofBinary},
	"IpAddress":                 {family: ofNetwork},
	"NotIpAddress":              {family: ofNetwork, negated: true},
	"ArnEquals":                 {family: ofARN},
	"ArnLike":                   {family: ofARN},
	"ArnNotEquals":              {family: ofARN, negated: true},
	"ArnNotLike":                {family: ofARN, negated: true},
	"Null":                      {family: ofNull},
}

// quantifier says of how many of a key's values a condition speaks.
type quantifier uint8

const (
	one quantifier = iota
	forAll
	forAny
)

// parseOperator reads the name of an operator with its modifiers.
func parseOperator(written string) (condition, error) {
	c := condition{name: written}
	rest, ok := strings.CutPrefix(written, "ForAllValues:")
	if ok {
		c.quantifier = forAll
	} else if rest, ok = strings.CutPrefix(written, "ForAnyValue:"); ok {
		c.quantifier = forAny
	}
	rest, c.ifExists = strings.CutSuffix(rest, "IfExists")
	if c.operator, ok = operators[rest]; !ok {
		for known := range operators {
			if strings.EqualFold(known, rest) {
				return c, fmt.Errorf("there is no operator %q; did you mean %s?", clip(written), known)
			}
		}
		return c, fmt.Errorf("there is no operator %q", clip(written))
	}
	if c.family == ofNull && (c.quantifier != one || c.ifExists) {
		return c, errors.New("Null takes neither ForAllValues, ForAnyValue nor IfExists")
	}
	return c, nil
}

// operand is one value of the policy, as its family needs it.
type operand struct {
	source  string
	pattern pattern
	// components are those of an ARN, each compared by itself; nil for one that is only known when its
	// variables are, and for "*".
	components []pattern
	number     float64
	date       time.Time
	truth      bool
	binary     string
	network    netip.Prefix
}

// operandOf compiles a value. Only texts and ARNs have variables, and those not in the old version.
func (f family) operandOf(source string, variables bool) (o operand, err error) {
	o.source = source
	ok := true
	switch f {
	case ofText, ofTextFold:
		o.pattern, err = parsePattern(source, syntax{variables: variables})
		return o, err
	case ofTextLike:
		o.pattern, err = parsePattern(source, syntax{variables: variables, wildcards: true})
		return o, err
	case ofARN:
		if o.pattern, err = parsePattern(source, syntax{variables: variables, wildcards: true}); err != nil {
			return o, err
		}
		if o.components = components(o.pattern); o.components == nil && o.pattern.variables == 0 && source != "*" {
			return o, fmt.Errorf("%q is not an ARN", clip(source))
		}
		return o, nil
	}
	// The rest have none, whatever the version.
	if strings.Contains(source, "${") {
		return o, errors.New("only operators of strings and ARNs take variables")
	}
	kind := ""
	switch f {
	case ofNumber:
		o.number, ok = parseNumber(source)
		kind = "a number"
	case ofDate:
		o.date, ok = parseDate(source)
		kind = "a date as ISO 8601 writes it, or seconds since 1970"
	case ofTruth, ofNull:
		o.truth, ok = parseTruth(source)
		kind = "true or false"
	case ofBinary:
		o.binary, ok = parseBinary(source)
		kind = "base64"
	case ofNetwork:
		o.network, ok = parseNetwork(source)
		kind = "an IP address or a range of them, such as 203.0.113.0/24"
	}
	if !ok {
		return o, fmt.Errorf("%q is not %s", clip(source), kind)
	}
	return o, nil
}

// components takes an ARN apart, at colons that are not inside a variable. The last has what is left.
func components(p pattern) []pattern {
	parts := []pattern{{runs: make([][]atom, 1)}}
	for i, run := range p.runs {
		if i > 0 {
			last := &parts[len(parts)-1]
			last.runs = append(last.runs, nil)
		}
		for _, a := range run {
			for a.kind == aText && len(parts) < arnComponents {
				before, after, found := strings.Cut(a.text, ":")
				if !found {
					break
				}
				parts[len(parts)-1].addText(before)
				parts = append(parts, pattern{runs: make([][]atom, 1)})
				a.text = after
			}
			last := &parts[len(parts)-1]
			switch a.kind {
			case aText:
				last.addText(a.text)
				continue
			case aVariable:
				a.place = last.variables
				last.variables++
			}
			last.add(a)
		}
	}
	if len(parts) < arnComponents {
		return nil
	}
	return parts
}

// arnComponents is how many parts an ARN has; colons in the last are its own.
const arnComponents = 6

// holds reports whether the condition holds.
//
// A key that is absent makes operators fail and negated ones hold, as IAM has it. So does a value that is
// not what the operator is for: it is equal to nothing.
func (c *condition) holds(r *Request) bool {
	values := r.values(c.folded)
	// What IAM calls null: no value, or nothing but an empty one.
	void := len(values) == 0 || len(values) == 1 && values[0] == ""
	switch {
	case c.family == ofNull:
		for i := range c.operands {
			if c.operands[i].truth == void {
				return true
			}
		}
		return false
	case len(values) == 0 && c.ifExists:
		return true
	case c.quantifier == forAll:
		for _, v := range values {
			if void {
				break
			}
			if c.matches(r, v) == c.negated {
				return false
			}
		}
		return true
	case c.quantifier == forAny:
		for _, v := range values {
			if !void && c.matches(r, v) != c.negated {
				return true
			}
		}
		return false
	}
	for _, v := range values {
		if c.matches(r, v) {
			return !c.negated
		}
	}
	return c.negated
}

// matches reports whether a value of the request is to any of the policy's as the operator says, negation
// aside.
func (c *condition) matches(r *Request, value string) bool {
	switch c.family {
	case ofText, ofTextLike:
		for i := range c.operands {
			if ok, _ := c.operands[i].pattern.match(r, value); ok {
				return true
			}
		}
	case ofTextFold:
		for i := range c.operands {
			if c.operands[i].pattern.equalFold(r, value) {
				return true
			}
		}
	case ofARN:
		for i := range c.operands {
			if c.operands[i].matchesARN(r, value) {
				return true
			}
		}
	case ofNumber:
		if v, ok := parseNumber(value); ok {
			for i := range c.operands {
				if c.compare.holds(cmp.Compare(v, c.operands[i].number)) {
					return true
				}
			}
		}
	case ofDate:
		if v, ok := parseDate(value); ok {
			for i := range c.operands {
				if c.compare.holds(v.Compare(c.operands[i].date)) {
					return true
				}
			}
		}
	case ofTruth:
		if v, ok := parseTruth(value); ok {
			for i := range c.operands {
				if c.operands[i].truth == v {
					return true
				}
			}
		}
	case ofBinary:
		if v, ok := parseBinary(value); ok {
			for i := range c.operands {
				if c.operands[i].binary == v {
					return true
				}
			}
		}
	case ofNetwork:
		if v, err := netip.ParseAddr(value); err == nil {
			v = v.Unmap().WithZone("")
			for i := range c.operands {
				if c.operands[i].network.Contains(v) {
					return true
				}
			}
		}
	}
	return false
}

// matchesARN compares part by part, so that no wildcard reaches over a colon but in the last.
func (o *operand) matchesARN(r *Request, value string) bool {
	if !strings.HasPrefix(value, "arn:") || strings.Count(value, ":") < arnComponents-1 {
		return false
	}
	if o.components == nil {
		ok, _ := o.pattern.match(r, value)
		return ok
	}
	for i := range o.components {
		part := value
		if i < arnComponents-1 {
			part, value, _ = strings.Cut(value, ":")
		}
		if ok, _ := o.components[i].match(r, part); !ok {
			return false
		}
	}
	return true
}

// parseNumber reads an integer or a decimal.
func parseNumber(s string) (float64, bool) {
	// Go knows more spellings: infinities, hexadecimal digits.
	if s == "" || strings.Trim(s, "0123456789+-.eE") != "" || !strings.ContainsAny(s, "0123456789") {
		return 0, false
	}
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil
}

// dateLayouts are the forms of ISO 8601 that the W3C's profile has.
var dateLayouts = []string{time.RFC3339, "2006-01-02T15:04Z07:00", time.DateOnly, "2006-01", "2006"}

// parseDate reads a date. Digits are seconds since 1970, but four are a year.
func parseDate(s string) (time.Time, bool) {
	if len(s) != len("2006") && s != "" && strings.Trim(s, "0123456789") == "" {
		seconds, err := strconv.ParseInt(s, 10, 64)
		return time.Unix(seconds, 0), err == nil
	}
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func parseTruth(s string) (truth, ok bool) {
	return strings.EqualFold(s, "true"), strings.EqualFold(s, "true") || strings.EqualFold(s, "false")
}

func parseBinary(s string) (string, bool) {
	b, err := base64.StdEncoding.DecodeString(s)
	return string(b), err == nil
}

// parseNetwork reads an address, which is a range of one, or a range.
func parseNetwork(s string) (netip.Prefix, bool) {
	if address, err := netip.ParseAddr(s); err == nil {
		if address.Zone() != "" {
			return netip.Prefix{}, false
		}
		address = address.Unmap()
		return netip.PrefixFrom(address, address.BitLen()), true
	}
	prefix, err := netip.ParsePrefix(s)
	if err != nil || prefix.Addr().Is4In6() {
		return netip.Prefix{}, false
	}
	return prefix.Masked(), true
}
