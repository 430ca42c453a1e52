package privacy

import (
	"fmt"
	"slices"
	"strings"
)

func (c *compiler) categories() {
	list := c.d.Categories
	c.category = indexByID(c, list, "categories", func(category *Category) CategoryID { return category.ID })
	for i := range list {
		category := &list[i]
		path := fmt.Sprintf("categories[%d]", i)
		c.required(path+".title", category.Title, "the title of the category")
		c.text(path+".dpv", category.DPV)
		c.measures(path+".measures", category.Measures)
		c.categoryRole(path+".role", category)
		if parent := category.ID.parent(); parent != "" {
			if _, ok := c.category[parent]; !ok {
				c.problems.Add(path+".id", ProblemParentMissing, "%q lies within %q, which is not declared", category.ID, parent)
			}
		}
	}
	c.tree = newCategoryTree(list, c.category)
}

func (c *compiler) categoryRole(path string, category *Category) {
	switch category.Role {
	case RoleController, RoleProcessor:
	case 0:
		if category.ID.parent() == "" {
			c.problems.Add(path, ProblemRequired, "a top-level category states its role")
		}
	default:
		c.problems.Add(path, ProblemUnknown, "a category is held as %q or %q", RoleController, RoleProcessor)
	}
}

// parent returns the category that id lies directly within, "" at the top.
func (id CategoryID) parent() CategoryID {
	dot := strings.LastIndexByte(string(id), '.')
	return id[:max(dot, 0)]
}

// within reports whether id is ancestor or lies below it.
func (id CategoryID) within(ancestor CategoryID) bool {
	if len(id) <= len(ancestor) {
		return id == ancestor
	}
	return id[len(ancestor)] == '.' && id[:len(ancestor)] == ancestor
}

// categoryTree is the hierarchy of categories. All slices are parallel to the
// declared list.
type categoryTree struct {
	// effective are the categories with what they inherit.
	effective []Category
	// subtree holds the places of a category and of all within it.
	subtree [][]int
	// measures are those of a category and of all within it.
	measures []MeasureSet
}

// newCategoryTree works on declarations with problems too: a category whose
// parent is missing inherits nothing, and one declared before is left out.
func newCategoryTree(list []Category, index map[CategoryID]int) categoryTree {
	t := categoryTree{
		effective: slices.Clone(list),
		subtree:   make([][]int, len(list)),
		measures:  make([]MeasureSet, len(list)),
	}
	for _, i := range parentsFirst(list) {
		category := &t.effective[i]
		if index[category.ID] != i {
			continue
		}
		if parent, ok := index[category.ID.parent()]; ok {
			category.inherit(t.effective[parent])
		}
		for id := category.ID; id != ""; id = id.parent() {
			if ancestor, ok := index[id]; ok {
				t.subtree[ancestor] = append(t.subtree[ancestor], i)
				t.measures[ancestor] = t.measures[ancestor].Union(category.Measures)
			}
		}
	}
	return t
}

// parentsFirst returns the places of list in an order in which every category
// comes after its parent.
func parentsFirst(list []Category) []int {
	order := make([]int, len(list))
	for i := range order {
		order[i] = i
	}
	depth := func(i int) int { return strings.Count(string(list[i].ID), ".") }
	slices.SortStableFunc(order, func(a, b int) int { return depth(a) - depth(b) })
	return order
}

func (c *Category) inherit(parent Category) {
	if c.Role == 0 {
		c.Role = parent.Role
	}
	c.Special = c.Special || parent.Special
	c.Measures = c.Measures.Union(parent.Measures)
}

// find returns the place of the first category at or within place i that has
// the property.
func (t *categoryTree) find(i int, property func(*Category) bool) (int, bool) {
	for _, j := range t.subtree[i] {
		if property(&t.effective[j]) {
			return j, true
		}
	}
	return 0, false
}
