package access

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"carillon/policy"
)

// DefaultMinSession is the least that may be asked for, as in AWS, unless Options say otherwise.
const DefaultMinSession = 15 * time.Minute

// The bounds of sessions, which are those of AWS.
const (
	maxSession        = 12 * time.Hour
	defaultSession    = time.Hour
	maxChained        = time.Hour
	maxTokenSession   = 36 * time.Hour
	maxRootSession    = time.Hour
	defaultOfKeys     = 12 * time.Hour
	maxSessionPolicy  = 2048
	maxSessionARNs    = 10
	maxSessionTags    = 50
	maxTagKey         = 128
	maxTagValue       = 256
	maxSessionName    = 64
	minSessionName    = 2
	maxExternalID     = 1224
	maxRoleARN        = 2048
	minRoleARN        = 20
	reservedTagPrefix = "aws:"
)

// The codes of STS.
const (
	packedPolicyTooLarge  = "PackedPolicyTooLarge"
	invalidIdentityToken  = "InvalidIdentityToken"
	idpCommunicationError = "IDPCommunicationError"
	idpRejectedClaim      = "IDPRejectedClaim"
)

// badRequest is the refusal of a request that nobody may make.
func badRequest(code, format string, args ...any) *Fault {
	return &Fault{Code: code, Message: fmt.Sprintf(format, args...), Status: http.StatusBadRequest}
}

var (
	sessionNamePattern = regexp.MustCompile(`^[\w+=,.@-]*$`)
	externalIDPattern  = regexp.MustCompile(`^[\w+=,.@:/-]*$`)
)

// checkText holds a parameter to its bounds, in AWS's words.
func checkText(name, value string, least, greatest int, pattern *regexp.Regexp, spelled string) error {
	const failed = "1 validation error detected: Value at '%s' failed to satisfy constraint: Member must "
	switch n := utf8.RuneCountInString(value); {
	case !utf8.ValidString(value):
		return badRequest(validationError, failed+"be valid UTF-8", name)
	case n == 0 && least > 0:
		return badRequest(validationError, failed+"not be null", name)
	case n < least:
		return badRequest(validationError, failed+"have length greater than or equal to %d", name, least)
	case n > greatest:
		return badRequest(validationError, failed+"have length less than or equal to %d", name, greatest)
	case pattern != nil && !pattern.MatchString(value):
		return badRequest(validationError, failed+"satisfy regular expression pattern: %s", name, spelled)
	}
	return nil
}

func checkSessionName(roleARN, name string) error {
	if err := checkText("roleArn", roleARN, minRoleARN, maxRoleARN, nil, ""); err != nil {
		return err
	}
	return checkText("roleSessionName", name, minSessionName, maxSessionName, sessionNamePattern, `[\w+=,.@-]*`)
}

// duration is how long a session lasts that may last so long at most.
func (s *Service) duration(seconds *int32, usual, most time.Duration) (time.Duration, error) {
	if seconds == nil {
		return min(usual, most), nil
	}
	asked := time.Duration(*seconds) * time.Second
	const failed = "1 validation error detected: Value '%d' at 'durationSeconds' failed to satisfy constraint: Member must have value "
	switch {
	case asked < s.MinSession:
		return 0, badRequest(validationError, failed+"greater than or equal to %d", *seconds, int(s.MinSession.Seconds()))
	case asked > most:
		return 0, badRequest(validationError, failed+"less than or equal to %d", *seconds, int(most.Seconds()))
	}
	return asked, nil
}

// roleDuration is how long a session of a role lasts.
func (s *Service) roleDuration(seconds *int32, r *role, chained bool) (time.Duration, error) {
	length, err := s.duration(seconds, defaultSession, maxSession)
	switch {
	case err != nil:
		return 0, err
	case chained && length > maxChained:
		return 0, badRequest(validationError, "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
	case seconds == nil:
		return min(length, r.MaxSession), nil
	case length > r.MaxSession:
		return 0, badRequest(validationError, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	return length, nil
}

// newLimits reads the policies of a session.
func newLimits(document string, arns []PolicyDescriptorType) (l sessionLimits, err error) {
	if document != "" {
		if err := checkText("policy", document, 1, maxSessionPolicy, nil, ""); err != nil {
			return l, err
		}
		parsed, err := policy.Parse(policy.Session, "Policy", []byte(document))
		if err != nil {
			return l, badRequest(malformedPolicy, "%s", err)
		}
		l.Policy = parsed.String()
	}
	if len(arns) > maxSessionARNs {
		return l, badRequest(validationError, "1 validation error detected: Value at 'policyArns' failed to satisfy constraint: Member must have length less than or equal to %d", maxSessionARNs)
	}
	for _, p := range arns {
		if _, ok := policy.LookupReady(p.Arn); !ok || !strings.HasPrefix(p.Arn, policy.ReadyPrefix) {
			return l, badRequest(validationError, "A managed policy of PolicyArns does not exist.")
		}
		l.PolicyARNs = append(l.PolicyARNs, p.Arn)
	}
	return l, nil
}

// policies compiles the policies of a session; nil when it has none.
func (l *sessionLimits) policies() (*policy.Set, error) {
	var documents []*policy.Document
	add := func(name, text string) error {
		d, err := policy.Parse(policy.Session, name, []byte(text))
		documents = append(documents, d)
		return err
	}
	if l.Policy != "" {
		if err := add("Policy", l.Policy); err != nil {
			return nil, err
		}
	}
	for _, name := range l.PolicyARNs {
		ready, ok := policy.LookupReady(name)
		if !ok {
			return nil, fmt.Errorf("access: the session policy %s does not exist any more", name)
		}
		if err := add(ready.Name, ready.Text); err != nil {
			return nil, err
		}
	}
	if documents == nil {
		return nil, nil
	}
	return policy.NewSet(policy.Session, documents...), nil
}

// tag puts tags on a session, which may have some already from the one before.
func (l *sessionLimits) tag(tags []Tag, transitive []string) error {
	if len(tags) > maxSessionTags || len(transitive) > maxSessionTags {
		return badRequest(validationError, "1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to %d", maxSessionTags)
	}
	taken := make(map[string]bool)
	for key := range l.Tags {
		taken[policy.Fold(key)] = true
	}
	inherited := len(taken)
	keys := make([]string, 0, len(tags))
	for i, t := range tags {
		folded := policy.Fold(t.Key)
		if err := checkText(fmt.Sprintf("tags.%d.member.key", i+1), t.Key, 1, maxTagKey, tagPattern, `[\p{L}\p{Z}\p{N}_.:/=+\-@]+`); err != nil {
			return err
		}
		if err := checkText(fmt.Sprintf("tags.%d.member.value", i+1), t.Value, 0, maxTagValue, tagPattern, `[\p{L}\p{Z}\p{N}_.:/=+\-@]*`); err != nil {
			return err
		}
		switch {
		case len(folded) >= len(reservedTagPrefix) && folded[:len(reservedTagPrefix)] == reservedTagPrefix:
			return badRequest(validationError, "The tag key prefix aws: is reserved.")
		case taken[folded] && slices.Contains(keys, folded):
			return badRequest(validationError, "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		case taken[folded]:
			return badRequest(validationError, "One or more of the tags are transitive tags of the calling session, and cannot be passed again.")
		}
		taken[folded] = true
		keys = append(keys, folded)
		if l.Tags == nil {
			l.Tags = make(map[string]string)
		}
		l.Tags[t.Key] = t.Value
	}
	if len(taken) > maxSessionTags+inherited || len(l.Tags) > maxSessionTags {
		return badRequest(validationError, "A session has at most %d tags, those of the session before included.", maxSessionTags)
	}
	for _, key := range transitive {
		if !slices.Contains(keys, policy.Fold(key)) {
			return badRequest(validationError, "A transitive tag key must be one of the tags.")
		}
		l.Transitive = append(l.Transitive, policy.Fold(key))
	}
	return nil
}

// inherit gives a session the tags of the one that it is begun from, as far as they are transitive.
func (l *sessionLimits) inherit(before *opened) {
	if before == nil {
		return
	}
	for key, value := range before.Limits.Tags {
		if !slices.Contains(before.Limits.Transitive, policy.Fold(key)) {
			continue
		}
		if l.Tags == nil {
			l.Tags = make(map[string]string)
		}
		l.Tags[key] = value
		l.Transitive = append(l.Transitive, policy.Fold(key))
	}
}

// checkSize refuses policies and tags for which there is no room, and tells how much of it they take; nil
// when there are none.
func (l *sessionLimits) checkSize() (*int32, error) {
	if l.Policy == "" && len(l.PolicyARNs) == 0 && len(l.Tags) == 0 {
		return nil, nil
	}
	size, err := l.packedSize()
	if err == nil && size > 100 {
		err = badRequest(packedPolicyTooLarge, "Packed policy and tags consume %d%% of the allotted space, please use smaller policies or fewer tags.", size)
	}
	return &size, err
}
