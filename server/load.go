package server

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/rawbytes"
	"github.com/knadh/koanf/v2"
)

// Sources is where settings come from, in ascending order of precedence.
type Sources struct {
	// Defaults replace defaults of the reference, by the names of the settings.
	Defaults map[string]string
	// File is the path of a YAML file; empty for none.
	File string
	// Environ is the environment as os.Environ gives it.
	Environ []string
	// Flags are the flags that were given on the command line, by the names of the settings.
	Flags map[string]string
}

// Load reads the settings from their sources. It refuses settings it does not know in the file.
// Variables that begin with CARILLON_ and name no setting are returned for a warning: they may be
// a slip of the pen, or not meant for the server at all, as those that Kubernetes sets for a
// service named carillon.
func (s Sources) Load() (c Config, unknownEnv []string, err error) {
	settings := Settings()
	defaults := make(map[string]any, len(settings))
	for _, setting := range settings {
		defaults[setting.Name] = setting.Default
	}
	for name, value := range s.Defaults {
		defaults[name] = value
	}
	env, unknownEnv := fromEnviron(settings, s.Environ)
	flags := make(map[string]any, len(s.Flags))
	for name, value := range s.Flags {
		flags[name] = value
	}

	k := koanf.New(".")
	if err := k.Load(confmap.Provider(defaults, "."), nil); err != nil {
		return Config{}, nil, err
	}
	if s.File != "" {
		file, err := readFile(settings, s.File)
		if err != nil {
			return Config{}, nil, err
		}
		if err := k.Load(confmap.Provider(file, "."), nil); err != nil {
			return Config{}, nil, err
		}
	}
	for _, layer := range []map[string]any{env, flags} {
		if err := k.Load(confmap.Provider(layer, "."), nil); err != nil {
			return Config{}, nil, err
		}
	}

	var faults []error
	for _, setting := range settings {
		if err := setting.set(&c, k.String(setting.Name)); err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", setting.Name, err))
		}
	}
	return c, unknownEnv, errors.Join(faults...)
}

// readFile returns what a YAML file sets: the text of each value by the name of its setting.
func readFile(settings []Setting, path string) (map[string]any, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("configuration file: %w", err)
	}
	k := koanf.New(".")
	if err := k.Load(rawbytes.Provider(content), yaml.Parser()); err != nil {
		return nil, fmt.Errorf("configuration file %s: %w", path, err)
	}
	values := make(map[string]any)
	var faults []error
	for _, key := range k.Keys() {
		if k.Get(key) == nil || isGroup(settings, key) && len(k.Cut(key).Keys()) == 0 {
			continue // a name without a value sets nothing
		}
		if !slices.ContainsFunc(settings, func(s Setting) bool { return s.Name == key }) {
			faults = append(faults, fmt.Errorf("configuration file %s: unknown setting %q", path, key))
			continue
		}
		value, ok := plain(k.Get(key))
		if !ok {
			faults = append(faults, fmt.Errorf("configuration file %s: %s must be one value or a list of values", path, key))
			continue
		}
		values[key] = value
	}
	return values, errors.Join(faults...)
}

// isGroup reports whether settings have names that begin with key and a dot.
func isGroup(settings []Setting, key string) bool {
	return slices.ContainsFunc(settings, func(s Setting) bool { return strings.HasPrefix(s.Name, key+".") })
}

// plain gives a value of a YAML file its text: a list is joined with commas.
func plain(value any) (text string, ok bool) {
	switch v := value.(type) {
	case nil, map[string]any, map[any]any:
		return "", false
	case []any:
		parts := make([]string, len(v))
		for i, element := range v {
			if parts[i], ok = plain(element); !ok {
				return "", false
			}
		}
		return strings.Join(parts, ","), true
	default:
		return fmt.Sprint(v), true
	}
}

// fromEnviron returns what the environment sets. A variable that is empty sets nothing.
func fromEnviron(settings []Setting, environ []string) (values map[string]any, unknown []string) {
	values = make(map[string]any)
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, "CARILLON_") || value == "" {
			continue
		}
		i := slices.IndexFunc(settings, func(s Setting) bool { return s.Env == name })
		if i < 0 {
			unknown = append(unknown, name)
			continue
		}
		values[settings[i].Name] = value
	}
	slices.Sort(unknown)
	return values, unknown
}
