package directory

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

// Layout returns a RecordFunc that reads the path of a file. The layout names each
// part of the path: "{tenant}", "{subject}" and "{category}" are read, "*" is
// anything, any other part stands for itself, and "**" at the end is anything that
// follows. The event is the time at which the file was last modified. All else is
// that of the given record.
//
// A file that the layout does not fit, or whose parts are no identifiers, is
// unreadable and has no event. The error matches privacy.ErrInvalid.
func Layout(layout, event string, of retention.Record) (RecordFunc, error) {
	parts := strings.Split(layout, "/")
	var problems privacy.Problems
	if event == "" {
		problems.Add("event", "required", "say what rules call the last change of a file")
	}
	for i, part := range parts {
		path := fmt.Sprintf("layout[%d]", i)
		switch part {
		case "*":
		case "**":
			if i != len(parts)-1 {
				problems.Add(path, "layout", "what follows is at the end")
			}
		case "{tenant}", "{subject}", "{category}":
			if slices.Contains(parts[:i], part) {
				problems.Add(path, "duplicate", "the part is named once")
			}
		default:
			if part == "" || strings.ContainsAny(part, "{}*") {
				problems.Add(path, "layout", "a part is {tenant}, {subject}, {category}, *, ** or a name")
			}
		}
	}
	if of.Category == "" && !slices.Contains(parts, "{category}") {
		problems.Add("category", "required", "the category is in the path or that of the record")
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return func(_ context.Context, path string, info fs.FileInfo) (retention.Record, bool, error) {
		record := of
		record.Events = nil
		if fits(parts, strings.Split(path, "/"), &record) {
			record.Events = []retention.Event{{Name: event, At: info.ModTime().UTC()}}
		} else {
			record.Unreadable = true
		}
		return record, true, nil
	}, nil
}

// fits reads the parts of a path into a record and reports whether they are those
// of the layout.
func fits(parts, path []string, record *retention.Record) bool {
	for i, part := range parts {
		if part == "**" {
			return len(path) > i
		}
		if i >= len(path) {
			return false
		}
		switch part {
		case "*":
			continue
		case "{tenant}":
			record.Tenant = privacy.TenantID(path[i])
		case "{subject}":
			record.Subject = privacy.SubjectID(path[i])
		case "{category}":
			record.Category = privacy.CategoryID(path[i])
		default:
			if part != path[i] {
				return false
			}
			continue
		}
		if privacy.CheckID("part of a path", path[i]) != nil {
			return false
		}
	}
	return len(path) == len(parts)
}
