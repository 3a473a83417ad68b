package sqlstore

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// The schema is the sum of the files in migrate/, applied in the order of their numbers, each once.
// A file that was ever released is never changed: a later one changes what it made.
//
//go:embed migrate/*.sql
var migrationFiles embed.FS

// migration is one step of the schema.
type migration struct {
	version  int64  // counted from 1 without gaps
	name     string // of the file
	text     string // before the words of a dialect are put in
	checksum string // of text: SHA-256 in hexadecimal
}

// migrations reads the steps from their files, which are named like 0001_what.sql.
func migrations(files fs.FS) ([]migration, error) {
	names, err := fs.Glob(files, "migrate/*.sql") // in the order of names
	if err != nil {
		return nil, err
	}
	steps := make([]migration, len(names))
	for i, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		name = strings.TrimPrefix(name, "migrate/")
		number, _, _ := strings.Cut(name, "_")
		if version, err := strconv.Atoi(number); err != nil || version != i+1 {
			return nil, fmt.Errorf("sqlstore: migration %s stands in place %d", name, i+1)
		}
		sum := sha256.Sum256(text)
		steps[i] = migration{version: int64(i + 1), name: name, text: string(text), checksum: hex.EncodeToString(sum[:])}
	}
	return steps, nil
}

const createSchemaMigration = `CREATE TABLE IF NOT EXISTS schema_migration (
	version  bigint NOT NULL,
	name     {text} NOT NULL,
	checksum {text} NOT NULL,
	PRIMARY KEY (version)
) {clustered}`

var (
	listSchemaMigrations  = sql(`SELECT version, name, checksum FROM schema_migration ORDER BY version`)
	insertSchemaMigration = sql(`INSERT INTO schema_migration (version, name, checksum) VALUES ($1, $2, $3)`)
)

// migrate brings a database to the schema of this binary, all in one transaction.
func migrate(e engine) error {
	steps, err := migrations(migrationFiles)
	if err != nil {
		return err
	}
	return applyMigrations(e, steps)
}

func applyMigrations(e engine, steps []migration) error {
	return e.update(context.Background(), func(session session) (func(), error) {
		if err := session.script(e.dialect().schema(createSchemaMigration)); err != nil {
			return nil, fmt.Errorf("sqlstore: schema: %w", err)
		}
		applied, err := appliedMigrations(session)
		if err != nil {
			return nil, fmt.Errorf("sqlstore: schema: %w", err)
		}
		for i, done := range applied {
			if i >= len(steps) {
				return nil, fmt.Errorf("sqlstore: the database has schema version %d (%s), this binary knows versions up to %d: use a newer release",
					applied[len(applied)-1].version, applied[len(applied)-1].name, len(steps))
			}
			if step := steps[i]; done.version != step.version || done.checksum != step.checksum {
				return nil, fmt.Errorf("sqlstore: migration %d of the database (%s) is not the one of this binary (%s)", done.version, done.name, step.name)
			}
		}
		for _, step := range steps[len(applied):] {
			if err := session.script(e.dialect().schema(step.text)); err != nil {
				return nil, fmt.Errorf("sqlstore: migration %s: %w", step.name, err)
			}
			if _, err := session.exec(insertSchemaMigration, []value{integer(step.version), text(step.name), text(step.checksum)}, nil); err != nil {
				return nil, fmt.Errorf("sqlstore: migration %s: %w", step.name, err)
			}
		}
		return nil, nil
	})
}

// appliedMigrations returns what the database says was done to it.
func appliedMigrations(session session) ([]migration, error) {
	var applied []migration
	err := session.query(listSchemaMigrations, nil, func(_ int, r *row) {
		applied = append(applied, migration{version: r.integer(), name: r.text(), checksum: r.text()})
	})
	return applied, err
}
