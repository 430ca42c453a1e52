package privacy_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
)

// customer is a type as a host tags it.
type customer struct {
	_ struct{} `privacy:"role=controller"`

	ID        string    `json:"id" privacy:"account,subject"`
	Name      string    `json:"name" privacy:"account.name"`
	Email     string    `json:"email" privacy:"account.email"`
	Theme     string    `json:"theme" privacy:"-"`
	Addresses []address `json:"addresses"`
}

type address struct {
	City string `json:"city" privacy:"billing"`
}

func newCustomer() customer {
	return customer{
		ID:        "c-17",
		Name:      "Ada Example",
		Email:     "ada@example.com",
		Theme:     "dark",
		Addresses: []address{{City: "Berlin"}},
	}
}

func Example_tags() {
	info, err := privacy.TypeOf[customer]()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("held as", info.Role())
	for field := range info.Fields() {
		fmt.Printf("%s: %q\n", field.Path, field.Category)
	}
	subject, err := info.Subject(newCustomer())
	fmt.Println(subject, err)
	// Output:
	// held as controller
	// ID: "account"
	// Name: "account.name"
	// Email: "account.email"
	// Theme: ""
	// Addresses[*].City: "billing"
	// c-17 <nil>
}

func ExampleRedactor_Handler() {
	register, err := privacy.Compile(privacytest.Declaration())
	if err != nil {
		fmt.Println(err)
		return
	}
	redactor, err := privacy.NewRedactor(register, "account.name")
	if err != nil {
		fmt.Println(err)
		return
	}
	text := slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: dropTime})
	logger := slog.New(redactor.Handler(text))
	logger.Info("signed up", "status", 201, "customer", newCustomer())
	// Output:
	// level=INFO msg="signed up" status=201 customer.id=[redacted] customer.name="Ada Example" customer.email=[redacted] customer.theme=dark customer.addresses=[map[city:[redacted]]]
}

func dropTime(groups []string, attr slog.Attr) slog.Attr {
	if len(groups) == 0 && attr.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return attr
}

func ExampleRedactor_Value() {
	var redactor privacy.Redactor // allows nothing
	text := slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: dropTime})
	slog.New(text).Info("signed in", "address", redactor.Value(address{City: "Berlin"}))
	// Output:
	// level=INFO msg="signed in" address.city=[redacted]
}

func ExampleExport() {
	fields, err := privacy.Export(newCustomer(), "account.email", "billing")
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := json.MarshalIndent(fields, "", "  ")
	fmt.Println(string(text), err)
	// Output:
	// [
	//   {
	//     "path": "Email",
	//     "category": "account.email",
	//     "value": "ada@example.com"
	//   },
	//   {
	//     "path": "Addresses[0].City",
	//     "category": "billing",
	//     "value": "Berlin"
	//   }
	// ] <nil>
}

func ExampleErase() {
	c := newCustomer()
	n, err := privacy.Erase(&c, "account")
	fmt.Println(n, err)
	fmt.Printf("%q %q %q %q %v\n", c.ID, c.Name, c.Email, c.Theme, c.Addresses)
	// Output:
	// 3 <nil>
	// "" "" "" "dark" [{Berlin}]
}

func ExampleWalk() {
	c := newCustomer()
	err := privacy.Walk(&c, func(field privacy.Field) error {
		if field.Category == "account.name" {
			return field.Set("Anonymous")
		}
		return nil
	})
	fmt.Println(c.Name, err)
	// Output:
	// Anonymous <nil>
}
