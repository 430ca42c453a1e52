package privacy

import (
	"fmt"
	"reflect"
	"strings"
)

// TagKey is the key of the struct tags this package reads.
const TagKey = "privacy"

// Tag is a parsed struct tag. It says what a field is, never what happens to
// it: that is for the register and the retention schedules to say. The forms:
//
//	Email string   `privacy:"account.email"`      // personal data of this category
//	ID    string   `privacy:"account.id,subject"` // and the key of the data subject
//	Theme string   `privacy:"-"`                  // no personal data
//	_     struct{} `privacy:"role=processor"`     // the whole type is held as processor
//
// A tag covers everything inside its field that has no tag of its own: the
// elements of a slice, the keys and values of a map, the fields of a struct.
// Tags found inside win over the one outside.
type Tag struct {
	// Category is the category of the field, "" where None or Role is set.
	Category CategoryID
	// Subject marks the field that holds the data subject's identifier.
	Subject bool
	// None says explicitly that the field holds no personal data.
	None bool
	// Role is the role in which the operator holds all data of the type. Only
	// the blank field of a type carries it, and nothing else.
	Role Role
}

// ParseTag parses the value of a struct tag with the key TagKey. It is strict:
// no white space, no unknown or repeated option, no category whose form Compile
// would refuse. Errors match ErrInvalid.
func ParseTag(text string) (Tag, error) {
	if role, ok := strings.CutPrefix(text, "role="); ok {
		parsed, err := ParseRole(role)
		return Tag{Role: parsed}, err
	}
	category, options, more := strings.Cut(text, ",")
	var tag Tag
	for more {
		var option string
		option, options, more = strings.Cut(options, ",")
		switch {
		case option != "subject":
			return Tag{}, fmt.Errorf("unknown option %q, want subject: %w", option, ErrInvalid)
		case tag.Subject:
			return Tag{}, fmt.Errorf("option subject is repeated: %w", ErrInvalid)
		}
		tag.Subject = true
	}
	if category == "-" {
		if tag.Subject {
			return Tag{}, fmt.Errorf("a subject key is personal data and needs a category: %w", ErrInvalid)
		}
		return Tag{None: true}, nil
	}
	if len(category) > MaxIDLength || !isCode(category) {
		return Tag{}, fmt.Errorf("%q is no category that could be declared: %w", category, ErrInvalid)
	}
	tag.Category = CategoryID(category)
	return tag, nil
}

// String returns the tag in the form that ParseTag reads, "" for the zero Tag.
func (t Tag) String() string {
	switch {
	case t.Role != 0:
		return "role=" + t.Role.String()
	case t.None:
		return "-"
	case t.Subject:
		return string(t.Category) + ",subject"
	}
	return string(t.Category)
}

// TagError reports a struct tag that cannot be used. It matches ErrInvalid.
type TagError struct {
	// Type is the struct type.
	Type reflect.Type
	// Field is the name of its field, "" if the type as a whole is at fault.
	Field string
	// Err says what is wrong.
	Err error
}

// Error names the type and the field, and says what is wrong. It quotes source
// code at most, never a value.
func (e *TagError) Error() string {
	where := e.Type.String()
	if e.Field != "" {
		where += "." + e.Field
	}
	return fmt.Sprintf("privacy tag of %s: %v", where, e.Err)
}

// Unwrap returns Err.
func (e *TagError) Unwrap() error { return e.Err }
