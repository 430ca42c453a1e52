package fulfilment

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// Disclosures knows to whom data were disclosed in fact, as package consent
// records it.
type Disclosures interface {
	// Recipients returns those to whom any of the categories of a subject were
	// disclosed.
	Recipients(ctx context.Context, tenant privacy.TenantID, subject privacy.SubjectID, categories []privacy.CategoryID) ([]privacy.RecipientID, error)
}

// Plan is what will be done for an item, and what will not.
type Plan struct {
	// Tasks are one per system. What is protected is taken out of them when they
	// begin.
	Tasks []dsr.Task
	// Protections are what must not be erased: what, on which ground, until when.
	Protections []dsr.Protection
}

// Planner makes plans from the register. It is safe for concurrent use.
type Planner struct {
	register    *privacy.Register
	connectors  Connectors
	retention   Retention
	disclosures Disclosures
	controller  []holding
	processor   []holding
}

// NewPlanner returns a planner. Disclosures may be nil: then every recipient is
// told to whom the register says that data are disclosed. The error matches
// privacy.ErrInvalid, and is that of CheckConnectors where that finds something.
func NewPlanner(register *privacy.Register, connectors Connectors, retention Retention, disclosures Disclosures) (*Planner, error) {
	if register == nil || retention == nil {
		return nil, fmt.Errorf("a planner needs a register and a Retention: %w", privacy.ErrInvalid)
	}
	if err := CheckConnectors(register, connectors); err != nil {
		return nil, err
	}
	return &Planner{
		register: register, connectors: connectors, retention: retention, disclosures: disclosures,
		controller: holdingsOf(register, false), processor: holdingsOf(register, true),
	}, nil
}

// Plan returns the plan for an item of a case. It reads and decides nothing else.
// A scope that names no declared category is an error matching
// privacy.ErrInvalid.
func (p *Planner) Plan(ctx context.Context, law *regime.Regime, c dsr.Case, item int, scope Scope, at time.Time) (Plan, error) {
	if item < 0 || item >= len(c.Items) {
		return Plan{}, fmt.Errorf("no such item: %w", privacy.ErrInvalid)
	}
	for _, category := range scope.Categories {
		if _, ok := p.register.Category(category); !ok {
			return Plan{}, fmt.Errorf("no such category is declared: %w", privacy.ErrInvalid)
		}
	}
	request := c.Items[item].Request
	var plan Plan
	if standing(request) {
		var err error
		plan.Tasks, err = p.tellEverybody(ctx, c, scope)
		return plan, err
	}
	action := actionFor(request)
	if action == "" {
		return plan, nil
	}
	plan.Tasks = p.tasks(law, c, request, action, scope)
	if action != dsr.ActionErase {
		return plan, nil
	}
	for _, task := range plan.Tasks {
		kept, err := p.protections(ctx, c, task.System, task.Categories, at)
		if err != nil {
			return Plan{}, err
		}
		plan.Protections = append(plan.Protections, kept...)
	}
	return plan, nil
}

func (p *Planner) protections(ctx context.Context, c dsr.Case, system privacy.SystemID, categories []privacy.CategoryID, at time.Time) ([]dsr.Protection, error) {
	return protections(ctx, p.retention, Question{
		Tenant: c.Tenant, Subject: c.Subject, Case: c.ID, System: system, Categories: categories, At: at,
	})
}

func (p *Planner) holdings(c dsr.Case) []holding {
	if c.Role == privacy.RoleProcessor {
		return p.processor
	}
	return p.controller
}

// tasks returns a task for each system, each after those it waits for.
func (p *Planner) tasks(law *regime.Regime, c dsr.Case, request regime.Request, action dsr.Action, scope Scope) []dsr.Task {
	var tasks []dsr.Task
	for _, h := range p.holdings(c) {
		categories := p.concerned(law, request, scope, h)
		if len(categories) == 0 {
			continue
		}
		tasks = append(tasks, dsr.Task{
			ID: taskID(action, string(h.system)), System: h.system, Action: action, Categories: categories,
			Manual: p.connectors.Systems[h.system].byHand(action),
		})
	}
	if action == dsr.ActionErase {
		return p.inOrder(tasks)
	}
	return tasks
}

func taskID(action dsr.Action, of string) dsr.TaskID {
	return dsr.TaskID(fmt.Sprintf("%s-%s", action, of))
}

// inOrder sets what the tasks come after and sorts them so that each stands
// behind those. CheckConnectors has seen to it that there is no cycle.
func (p *Planner) inOrder(tasks []dsr.Task) []dsr.Task {
	byID := map[dsr.TaskID]dsr.Task{}
	for _, task := range tasks {
		byID[task.ID] = task
	}
	var sorted []dsr.Task
	var place func(task dsr.Task)
	place = func(task dsr.Task) {
		if slices.ContainsFunc(sorted, func(t dsr.Task) bool { return t.ID == task.ID }) {
			return
		}
		for _, system := range p.connectors.Systems[task.System].After {
			if before, ok := byID[taskID(task.Action, string(system))]; ok {
				task.After = append(task.After, before.ID)
				place(before)
			}
		}
		sorted = append(sorted, task)
	}
	for _, task := range tasks {
		place(task)
	}
	return sorted
}

// tellEverybody returns the tasks of a request that took effect at once. Of
// somebody unknown, such as a browser that opts out, there is nothing to tell.
func (p *Planner) tellEverybody(ctx context.Context, c dsr.Case, scope Scope) ([]dsr.Task, error) {
	if !c.Identified() {
		return nil, nil
	}
	var categories []privacy.CategoryID
	for _, h := range p.holdings(c) {
		for _, category := range p.concerned(nil, "", scope, h) {
			if !slices.Contains(categories, category) {
				categories = append(categories, category)
			}
		}
	}
	return p.notices(ctx, c, categories, nil, 0)
}

// notices returns the tasks of telling the recipients of categories, after the
// given tasks. The number keeps their ids apart from earlier ones.
func (p *Planner) notices(ctx context.Context, c dsr.Case, categories []privacy.CategoryID, after []dsr.TaskID, number int) ([]dsr.Task, error) {
	recipients, err := p.recipients(ctx, c, categories)
	if err != nil {
		return nil, err
	}
	tasks := make([]dsr.Task, 0, len(recipients))
	for _, recipient := range recipients {
		id := taskID(dsr.ActionNotify, string(recipient))
		if number > 0 {
			id = dsr.TaskID(fmt.Sprintf("%s-%d", id, number))
		}
		tasks = append(tasks, dsr.Task{
			ID: id, Recipient: recipient, Action: dsr.ActionNotify, Categories: slices.Clone(categories),
			After: slices.Clone(after), Manual: p.connectors.Recipients[recipient] == nil,
		})
	}
	return tasks, nil
}

// recipients returns to whom categories were disclosed.
func (p *Planner) recipients(ctx context.Context, c dsr.Case, categories []privacy.CategoryID) ([]privacy.RecipientID, error) {
	if p.disclosures != nil {
		return p.disclosures.Recipients(ctx, c.Tenant, c.Subject, slices.Clone(categories))
	}
	var recipients []privacy.RecipientID
	for activity := range p.register.Activities() {
		if (activity.Role == privacy.RoleProcessor) != (c.Role == privacy.RoleProcessor) {
			continue
		}
		covers := slices.ContainsFunc(categories, func(category privacy.CategoryID) bool {
			return p.register.ActivityCovers(activity.ID, category)
		})
		for _, recipient := range activity.Recipients {
			if covers && !slices.Contains(recipients, recipient) {
				recipients = append(recipients, recipient)
			}
		}
	}
	return recipients, nil
}
