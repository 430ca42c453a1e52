package main

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/labelop/privacykit/privacy"
)

// backUp copies every row and every file.
func (s storage) backUp(ctx context.Context, backup string) error {
	for _, table := range keptTables {
		if _, err := s.rows.ExecContext(ctx, `CREATE TABLE backup_`+table.name+` AS SELECT * FROM `+table.name); err != nil {
			return err
		}
	}
	return copyFiles(backup, s.images)
}

// restore puts back the rows and files that are missing.
func (s storage) restore(ctx context.Context, backup string) error {
	for _, table := range keptTables {
		if _, err := s.rows.ExecContext(ctx, `INSERT OR IGNORE INTO `+table.name+` SELECT * FROM backup_`+table.name); err != nil {
			return err
		}
	}
	return copyFiles(s.images, backup)
}

// giveBack copies the images of a workspace to where its owner takes them from.
func (s storage) giveBack(tenant privacy.TenantID, to string) (int, error) {
	from := filepath.Join(s.images, string(tenant))
	if err := copyFiles(to, from); err != nil {
		return 0, err
	}
	files, err := os.ReadDir(to)
	return len(files), err
}

// copyFiles copies files with the times they were changed at, which the periods
// count from.
func copyFiles(to, from string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return os.MkdirAll(filepath.Join(to, name), 0o700)
		}
		return copyFile(filepath.Join(to, name), path, entry)
	})
}

func copyFile(to, from string, entry fs.DirEntry) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.WriteFile(to, data, 0o600); err != nil {
		return err
	}
	return os.Chtimes(to, info.ModTime(), info.ModTime())
}
