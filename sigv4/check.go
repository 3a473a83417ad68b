package sigv4

import (
	"strconv"
	"time"
)

// Rules are what a signature has to be meant for.
type Rules struct {
	// Service is the service in the credential scope.
	Service string
	// Region is the region in the credential scope; empty takes any.
	Region string
	// Now is the verifier's clock.
	Now time.Time
	// Skew is how far the signer's clock may be off, in both directions. In the header form it is
	// the whole time for which a signature is good; a presigned request is good for its own time
	// and Skew at both ends.
	Skew time.Duration
}

// Check holds a signature against rules. Its errors are *Error with the reasons Scope, Expired and
// NotYetCurrent. It says nothing about who signed: that takes Verify.
func (s *Signature) Check(rules Rules) error {
	var wrong string
	if rules.Region != "" && s.Region != rules.Region {
		wrong += "Credential should be scoped to a valid region, not '" + echo(s.Region) + "'. "
	}
	if s.Service != rules.Service {
		wrong += "Credential should be scoped to correct service: '" + rules.Service + "'. "
	}
	if s.Terminator != Terminator {
		wrong += "Credential should be scoped with a valid terminator: '" + Terminator + "', not '" + echo(s.Terminator) + "'. "
	}
	if signed := s.stamp[:dateLength]; s.Date != signed {
		wrong += "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '" +
			echo(s.Date) + "' != '" + signed + "', from '" + s.stamp + "'. "
	}
	if wrong != "" {
		return &Error{Scope, wrong}
	}
	now := rules.Now.UTC()
	life := s.Expires + rules.Skew
	switch {
	case s.Time.Before(now.Add(-life)):
		return &Error{Expired, "Signature expired: " + s.stamp + " is now earlier than " +
			now.Add(-life).Format(stampLayout) + " (" + now.Format(stampLayout) + " - " + spell(life) + ")"}
	case s.Time.After(now.Add(rules.Skew)):
		return &Error{NotYetCurrent, "Signature not yet current: " + s.stamp + " is still later than " +
			now.Add(rules.Skew).Format(stampLayout) + " (" + now.Format(stampLayout) + " + " + spell(rules.Skew) + ")"}
	}
	return nil
}

// spell writes a duration as AWS does.
func spell(d time.Duration) string {
	if d%time.Minute == 0 {
		return strconv.FormatInt(int64(d/time.Minute), 10) + " min."
	}
	return strconv.FormatInt(int64(d/time.Second), 10) + " sec."
}
