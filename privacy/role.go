package privacy

import "iter"

// Role is the role in which somebody processes personal data. It decides who
// must hold the legal basis and who answers a data subject's request. The zero
// value is unknown and never valid.
type Role uint8

const (
	// RoleController alone decides on purposes and means (GDPR Art. 4(7)).
	RoleController Role = iota + 1
	// RoleProcessor processes on behalf of a controller and on its documented
	// instructions (Art. 4(8), Art. 28). One that decides on a purpose of its
	// own is a controller for it (Art. 28(10)).
	RoleProcessor
	// RoleJointController decides on purposes and means together with other
	// controllers, under an arrangement that says who does what (Art. 26).
	RoleJointController
)

var roleTable = codeTable[Role]{
	noun: "role",
	rows: []codeRow{
		RoleController:      {"controller", "Controller", "GDPR Art. 4(7)", dpvNamespace + "DataController"},
		RoleProcessor:       {"processor", "Processor", "GDPR Art. 4(8)", dpvNamespace + "DataProcessor"},
		RoleJointController: {"joint_controller", "Joint controller", "GDPR Art. 26", dpvNamespace + "JointDataControllers"},
	},
}

// Roles yields every role in the order of the constants.
func Roles() iter.Seq[Role] { return roleTable.all() }

// ParseRole returns the role with the given code. The error matches ErrInvalid
// and names the accepted codes.
func ParseRole(code string) (Role, error) { return roleTable.parse(code) }

// Valid reports whether r is one of the constants.
func (r Role) Valid() bool { return roleTable.valid(r) }

// String returns the code, "unknown" if r is not Valid.
func (r Role) String() string { return roleTable.text(r) }

// Label returns the name in plain English, "Unknown" if r is not Valid.
func (r Role) Label() string { return roleTable.label(r) }

// Article returns the provision that defines the role, for example "GDPR Art.
// 4(7)".
func (r Role) Article() string { return roleTable.row(r).article }

// DPV returns the IRI of the role in DPV 2.3.
func (r Role) DPV() string { return roleTable.row(r).dpv }

// MarshalText returns the code, or an error matching ErrInvalid if r is not
// Valid, so that nothing unknown is ever written.
func (r Role) MarshalText() ([]byte, error) { return roleTable.marshal(r) }

// UnmarshalText parses as ParseRole does and leaves r unchanged on error.
func (r *Role) UnmarshalText(text []byte) error { return roleTable.unmarshal(r, text) }
