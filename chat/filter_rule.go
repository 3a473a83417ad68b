package chat

import (
	"encoding/json"
	"errors"
	"slices"
)

// The bounds of a filter rule: its size in bytes, its complexity, which is the number of attribute
// names plus the number of their values, and the number of rules that an $or joins.
const (
	maxFilterRuleBytes      = 2048
	maxFilterRuleComplexity = 20
	maxFilterRuleConstraint = 5
)

var (
	errRuleSize       = errors.New("Member must have at most 2048 bytes")
	errRuleJSON       = errors.New("Member must be a JSON object")
	errRuleValue      = errors.New("Member must give every attribute a list of strings and anything-but operators")
	errRuleOr         = errors.New("Member must give $or a list of 1 to 5 rules, beside no other key")
	errRuleComplexity = errors.New("Member must have a complexity of at most 20")
)

// checkFilterRule checks the rule that decides which push notifications a member gets:
//
//	rule  = { name: [alternative, …], … }  all names must match
//	      | { "$or": [rule, …] }           one rule must match
//	alternative = string                    one value of the attribute is equal
//	            | { "anything-but": [string, …] }  none is
func checkFilterRule(text string) error {
	if len(text) > maxFilterRuleBytes {
		return errRuleSize
	}
	complexity, err := ruleComplexity([]byte(text), true)
	if err != nil {
		return err
	}
	if complexity > maxFilterRuleComplexity {
		return errRuleComplexity
	}
	return nil
}

func ruleComplexity(text []byte, top bool) (int, error) {
	var rule map[string]json.RawMessage
	if err := json.Unmarshal(text, &rule); err != nil || rule == nil {
		return 0, errRuleJSON
	}
	if or, ok := rule["$or"]; ok {
		var rules []json.RawMessage
		err := json.Unmarshal(or, &rules)
		if err != nil || !top || len(rule) > 1 || len(rules) == 0 || len(rules) > maxFilterRuleConstraint {
			return 0, errRuleOr
		}
		total := 0
		for _, r := range rules {
			n, err := ruleComplexity(r, false)
			if err != nil {
				return 0, err
			}
			total += n
		}
		return total, nil
	}
	total := 0
	for _, value := range rule {
		n, err := alternatives(value)
		if err != nil {
			return 0, err
		}
		total += 1 + n
	}
	return total, nil
}

// alternatives counts the values of one attribute.
func alternatives(text []byte) (int, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(text, &list); err != nil || len(list) == 0 {
		return 0, errRuleValue
	}
	count := 0
	for _, item := range list {
		var value *string
		if json.Unmarshal(item, &value) == nil && value != nil {
			count++
			continue
		}
		var operator map[string][]*string
		err := json.Unmarshal(item, &operator)
		excluded := operator["anything-but"]
		if err != nil || len(operator) != 1 || len(excluded) == 0 || slices.Contains(excluded, nil) {
			return 0, errRuleValue
		}
		count += len(excluded)
	}
	return count, nil
}
