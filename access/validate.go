package access

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"carillon/api"
	"carillon/policy"
	"carillon/store"
)

// The bounds are those of IAM.
const (
	maxOwners           = 5000
	maxRoles            = 1000
	maxProviders        = 100
	maxClientIDs        = 100
	maxThumbprints      = 5
	maxKeysPerOwner     = 2
	maxAttached         = 10
	maxTags             = 50
	maxOwnerPolicies    = 2048  // characters, in all
	maxRolePolicies     = 10240 // characters, in all
	maxTrustPolicy      = 2048
	maxPageItems        = 1000
	defaultPageItems    = 100
	minSessionSeconds   = 3600
	maxSessionSeconds   = 43200
	maxDescriptionRunes = 1000
)

var (
	namePattern        = regexp.MustCompile(`^[\w+=,.@-]+$`)
	pathPattern        = regexp.MustCompile(`^/([\x21-\x7e]+/)?$`)
	tagPattern         = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)
	accessKeyIDPattern = regexp.MustCompile(`^\w{16,128}$`)
	accountPattern     = regexp.MustCompile(`^[0-9]{12}$`)
	textPattern        = regexp.MustCompile(`^[\t\n\r\x20-\x7e\x{a1}-\x{ff}]*$`)
	thumbprintPattern  = regexp.MustCompile(`^[0-9A-Fa-f]{40}$`)
)

func invalid(member, format string, args ...any) *Fault {
	f := faultf(validationError, format, args...)
	f.Message = "1 validation error detected: Value at '" + member + "' failed to satisfy constraint: " + f.Message
	return f
}

func checkName(member, name string, longest int) error {
	switch {
	case name == "":
		return invalid(member, "Member must not be null")
	case len(name) > longest:
		return invalid(member, "Member must have length less than or equal to %d", longest)
	case !namePattern.MatchString(name):
		return invalid(member, `Member must satisfy regular expression pattern: [\w+=,.@-]+`)
	}
	return nil
}

// checkPath returns a path, which is / when none was given.
func checkPath(path string) (string, error) {
	if path == "" {
		return "/", nil
	}
	if len(path) > 512 || !pathPattern.MatchString(path) {
		return "", invalid("path", "Member must begin and end with a slash and have at most 512 printable characters")
	}
	return path, nil
}

// checkTags reads tags: at most so many, no key twice, whatever its case, and none that AWS keeps for itself.
func checkTags(in []Tag) ([]store.Tag, error) {
	if len(in) > maxTags {
		return nil, faultf(limitExceeded, "There are at most %d tags.", maxTags)
	}
	var tags []store.Tag
	seen := make(map[string]bool, len(in))
	for _, t := range in {
		folded := policy.Fold(t.Key)
		switch {
		case t.Key == "" || utf8.RuneCountInString(t.Key) > 128 || !tagPattern.MatchString(t.Key):
			return nil, invalid("tags", "Member must have a key of 1 to 128 letters, digits, spaces and the characters _.:/=+-@")
		case utf8.RuneCountInString(t.Value) > 256 || !tagPattern.MatchString(t.Value):
			return nil, invalid("tags", "Member must have a value of at most 256 letters, digits, spaces and the characters _.:/=+-@")
		case strings.HasPrefix(folded, "aws:"):
			return nil, invalid("tags", "Member must not have a key that begins with aws:")
		case seen[folded]:
			return nil, invalid("tags", "Member must not have the same key twice")
		}
		seen[folded] = true
		tags = append(tags, store.Tag{Key: t.Key, Value: t.Value})
	}
	return tags, nil
}

func shownTags(tags []store.Tag) []Tag {
	shown := make([]Tag, len(tags))
	for i, t := range tags {
		shown[i] = Tag{Key: t.Key, Value: t.Value}
	}
	return shown
}

// tagContext tells the condition keys that follow from the tags of a request.
func tagContext(tags []Tag) func(key string) ([]string, bool) {
	return func(key string) ([]string, bool) {
		if key == tagKeysKey {
			keys := make([]string, len(tags))
			for i, t := range tags {
				keys[i] = t.Key
			}
			return keys, len(keys) > 0
		}
		if name, ok := strings.CutPrefix(key, requestTagKey); ok {
			for _, t := range tags {
				if policy.Fold(t.Key) == name {
					return []string{t.Value}, true
				}
			}
		}
		return nil, false
	}
}

// checkDocument compiles a policy and returns it without white space.
func checkDocument(kind policy.Kind, name, document string) (string, error) {
	d, err := policy.Parse(kind, name, []byte(document))
	if err != nil {
		return "", faultf(malformedPolicy, "%v", err)
	}
	return d.String(), nil
}

// pageOf reads where a list begins, and how long it may be.
func pageOf(marker string, items int) (after store.Key, limit int, err error) {
	limit = defaultPageItems
	if items != 0 {
		limit = items
	}
	if limit < 1 || limit > maxPageItems {
		return 0, 0, invalid("maxItems", "Member must have value between 1 and %d", maxPageItems)
	}
	if marker == "" {
		return 0, limit, nil
	}
	n, err := strconv.ParseInt(marker, 36, 64)
	if err != nil || n <= 0 {
		return 0, 0, invalid("marker", "Member must be the Marker of a previous answer")
	}
	return store.Key(n), limit, nil
}

func markerAt(k store.Key) string { return strconv.FormatInt(int64(k), 36) }

// listed reads the page of a list that a request asks for, and the marker of the next one, if there is more.
// shown tells the key of a record, what answers have of it, and whether it is wanted.
func listed[R, S any](ctx context.Context, s *Service, marker string, items int, list func(tx store.Tx, after store.Key, limit int) ([]R, error), shown func(R) (store.Key, S, bool)) (page []S, next string, err error) {
	begin, limit, err := pageOf(marker, items)
	if err != nil {
		return nil, "", err
	}
	err = s.Store.View(ctx, func(tx store.Tx) error {
		page, next = []S{}, ""
		for after, last := begin, store.Key(0); ; {
			records, err := list(tx, after, maxPageItems)
			if err != nil {
				return err
			}
			for _, r := range records {
				key, as, wanted := shown(r)
				after = key
				if !wanted {
					continue
				}
				if len(page) == limit {
					next = markerAt(last)
					return nil
				}
				page, last = append(page, as), key
			}
			if len(records) < maxPageItems {
				return nil
			}
		}
	})
	return page, next, err
}

// idOf makes an id in the form of IAM's: four letters that say what it is of, and 17 that tell it from others.
func idOf(prefix string, k store.Key) string {
	sum := sha256.Sum256([]byte("carillon " + prefix + strconv.FormatInt(int64(k), 36)))
	return prefix + base32.StdEncoding.EncodeToString(sum[:])[:17]
}

func userID(k store.Key) string { return idOf("AIDA", k) }
func roleID(k store.Key) string { return idOf("AROA", k) }

// permit reports whether a caller may do something to what has a name of IAM.
func (s *Service) permit(caller *api.Caller, action, resource string, context func(string) ([]string, bool)) error {
	s.used(caller, "iam")
	if caller.Grant == nil {
		return nil
	}
	return refused(caller.Grant.Allows(&api.AccessRequest{
		Action: "iam:" + action, Resources: []api.ResourceChoice{{resource}}, Caller: caller, Context: context,
	}))
}
