package privacy

import "fmt"

// maxAge is the greatest minimum age in years.
const maxAge = 150

func (c *compiler) activities() {
	list := c.d.Activities
	c.activity = indexByID(c, list, "activities", func(activity *Activity) ActivityID { return activity.ID })
	conditions := make(map[int]bool)
	for i := range list {
		activity := &list[i]
		path := fmt.Sprintf("activities[%d]", i)
		c.required(path+".title", activity.Title, "the title of the activity")
		c.texts(path+".subjects", activity.Subjects, "the name of a category of data subjects")
		c.measures(path+".measures", activity.Measures)
		c.operations(path+".operations", activity.Operations)
		c.retention(path+".retention", activity.Retention)
		c.minimumAge(path+".minimum_age", activity)

		purpose, declared := resolve(c, path+".purpose", activity.Purpose, c.purpose, "purpose")
		categories := c.activityCategories(path+".categories", activity)
		c.activityRecipients(path+".recipients", activity)
		c.activityRole(path, activity, categories)
		if declared && activity.Role.isController() && !conditions[purpose] {
			conditions[purpose] = c.activityBasis(purpose, activity, categories)
		}
	}
}

// isController reports whether r decides on purposes, alone or with others.
func (r Role) isController() bool { return r == RoleController || r == RoleJointController }

func (c *compiler) operations(path string, operations []Operation) {
	if len(operations) == 0 {
		c.problems.Add(path, ProblemRequired, "at least one operation is required")
	}
	for i, operation := range operations {
		entry := fmt.Sprintf("%s[%d]", path, i)
		if !operation.Valid() {
			c.problems.Add(entry, ProblemUnknown, "the operation does not exist")
		} else if repeats(operations, i) {
			c.problems.Add(entry, ProblemDuplicate, "operation %q is listed already", operation)
		}
	}
}

func (c *compiler) retention(path string, limit RetentionLimit) {
	if err := limit.Period.Check(); err != nil {
		c.problems.Add(path+".period", ProblemRange, "the parts of a period are 0 to %d", maxPart)
	}
	c.text(path+".after", limit.After)
	c.text(path+".criteria", limit.Criteria)
	c.text(path+".law", limit.Law)
}

func (c *compiler) minimumAge(path string, activity *Activity) {
	age := activity.MinimumAge
	if age == (MinimumAge{}) {
		return
	}
	if activity.Role == RoleProcessor {
		c.problems.Add(path, ProblemNotApplicable, "a processor activity has no minimum age: people in a customer's content are not users of the service")
	}
	if age.Years < 1 || age.Years > maxAge {
		c.problems.Add(path+".years", ProblemRange, "a minimum age is 1 to %d years", maxAge)
	}
	switch age.Unknown {
	case "", UnknownAgeDeny, UnknownAgeDeclared:
	default:
		c.problems.Add(path+".unknown", ProblemUnknown, "an unknown age is met with %q or %q", UnknownAgeDeny, UnknownAgeDeclared)
	}
}

// activityCategories checks the categories of an activity and returns the
// places of those that are declared.
func (c *compiler) activityCategories(path string, activity *Activity) []int {
	if len(activity.Categories) == 0 {
		c.problems.Add(path, ProblemRequired, "at least one category is required")
	}
	return resolveAll(c, path, activity.Categories, c.category, "category")
}

// activityRecipients checks that whoever processes on the operator's behalf is
// called by the operator's own role: where the operator is a processor itself,
// a sub-processor, whom the customer must authorise (Art. 28(2)).
func (c *compiler) activityRecipients(path string, activity *Activity) {
	wrong, right := RecipientSubProcessor, RecipientProcessor
	if activity.Role == RoleProcessor {
		wrong, right = right, wrong
	}
	resolveAll(c, path, activity.Recipients, c.recipient, "recipient")
	for i, id := range activity.Recipients {
		place, ok := c.recipient[id]
		if ok && activity.Role.Valid() && c.d.Recipients[place].Kind == wrong {
			c.problems.Add(fmt.Sprintf("%s[%d]", path, i), ProblemRecipientRole,
				"%q is a %s, but a %s activity discloses to a %s: declare the provider once in each role", id, wrong, activity.Role, right)
		}
	}
}

// activityRole checks what the role of an activity demands.
func (c *compiler) activityRole(path string, activity *Activity, categories []int) {
	switch {
	case activity.Role == 0:
		c.problems.Add(path+".role", ProblemRequired, "the role of the activity is required")
		return
	case !activity.Role.Valid():
		c.problems.Add(path+".role", ProblemUnknown, "the role does not exist")
		return
	}
	c.jointArrangement(path+".joint_arrangement", activity)
	c.text(path+".own_purpose_reason", activity.OwnPurposeReason)
	if activity.Role == RoleProcessor {
		c.processorCategories(path, activity, categories)
		return
	}
	c.ownPurpose(path+".own_purpose_reason", activity, categories)
}

func (c *compiler) jointArrangement(path string, activity *Activity) {
	switch {
	case activity.Role != RoleJointController:
		if activity.JointArrangement != "" {
			c.problems.Add(path, ProblemNotApplicable, "only a joint-controller activity has an arrangement")
		}
	case activity.JointArrangement == "":
		c.problems.Add(path, ProblemArrangementMissing, "a joint-controller activity names its arrangement (Art. 26(1))")
	default:
		resolve(c, path, activity.JointArrangement, c.arrangement, "joint arrangement")
	}
}

// processorCategories checks that a processor activity uses nothing but data
// held as processor.
func (c *compiler) processorCategories(path string, activity *Activity, categories []int) {
	if activity.OwnPurposeReason != "" {
		c.problems.Add(path+".own_purpose_reason", ProblemNotApplicable, "a processor pursues no purpose of its own")
	}
	for _, place := range categories {
		if held, ok := c.tree.find(place, heldAsController); ok {
			c.problems.Add(path+".categories", ProblemProcessorCategory,
				"a processor activity uses only data held as processor, but %q is held as controller", c.d.Categories[held].ID)
		}
	}
}

// ownPurpose checks that a controller activity on data held as processor says
// why.
func (c *compiler) ownPurpose(path string, activity *Activity, categories []int) {
	for _, place := range categories {
		held, ok := c.tree.find(place, heldAsProcessor)
		if !ok {
			continue
		}
		if activity.OwnPurposeReason == "" {
			c.problems.Add(path, ProblemOwnPurpose,
				"%q is held as processor: deciding on a purpose for it makes the operator a controller, and the declaration must say why (Art. 28(10))", c.d.Categories[held].ID)
		}
		return
	}
	if activity.OwnPurposeReason != "" {
		c.problems.Add(path, ProblemNotApplicable, "the activity uses no data held as processor")
	}
}

func heldAsController(category *Category) bool { return category.Role == RoleController }

func heldAsProcessor(category *Category) bool { return category.Role == RoleProcessor }

func isSpecial(category *Category) bool { return category.Special }

// activityBasis checks that the purpose of a controller activity has a legal
// basis and, where the activity uses special categories, conditions. It reports
// whether it found a problem, which is reported once per purpose.
func (c *compiler) activityBasis(purpose int, activity *Activity, categories []int) bool {
	bases := c.d.Purposes[purpose].Bases
	path := fmt.Sprintf("purposes[%d].bases", purpose)
	if len(bases) == 0 {
		c.problems.Add(path, ProblemBasisMissing, "controller activity %q pursues the purpose, which needs a legal basis (Art. 6(1))", activity.ID)
		return true
	}
	found := false
	for _, place := range categories {
		special, ok := c.tree.find(place, isSpecial)
		if !ok {
			continue
		}
		for i := range bases {
			if bases[i].Condition == 0 {
				c.problems.Add(fmt.Sprintf("%s[%d].condition", path, i), ProblemConditionMissing,
					"controller activity %q uses the special category %q, which needs a condition (Art. 9(2))", activity.ID, c.d.Categories[special].ID)
				found = true
			}
		}
		return found
	}
	return found
}
