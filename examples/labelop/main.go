package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	if err := command(); err != nil {
		fmt.Fprintln(os.Stderr, "labelop:", err)
		os.Exit(1)
	}
}

func command() error {
	directory := flag.String("dir", "", "directory for the database and the images; empty means a temporary one")
	address := flag.String("addr", "127.0.0.1:0", "address to serve on")
	once := flag.Bool("once", false, "exit after the journey")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, os.Stdout, *directory, *address, *once)
}

// workPause is how often LabelOp looks for requests that something is due in.
const workPause = 5 * time.Second

// run serves until the context ends, or with once until the journey is over. It
// returns an error if a step of the journey went otherwise than expected.
func run(ctx context.Context, out io.Writer, directory, address string, once bool) (err error) {
	if directory == "" {
		if directory, err = os.MkdirTemp("", "labelop-"); err != nil {
			return err
		}
		if once {
			defer func() { err = errors.Join(err, os.RemoveAll(directory)) }()
		}
	}
	provider, err := serve(ctx, "127.0.0.1:0", providerHandler())
	if err != nil {
		return err
	}
	defer provider.stop()
	service, err := open(ctx, directory, provider.url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, service.close()) }()
	defer service.requests.workEvery(ctx, workPause)()
	server, err := serve(ctx, address, service.handler())
	if err != nil {
		return err
	}
	defer server.stop()

	fmt.Fprintf(out, "LabelOp serves on %s and keeps its files in %s\n\n", server.url, directory)
	journey := newJourney(out, server.url)
	if err := journey.play(ctx); err != nil {
		return err
	}
	fmt.Fprintln(out)
	policy, err := newPolicyJourney(out, provider.url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, policy.close()) }()
	if err := policy.play(ctx); err != nil {
		return err
	}
	fmt.Fprintln(out)
	if err := playRetention(ctx, out); err != nil {
		return err
	}
	fmt.Fprintln(out)
	requests, err := newRequestsJourney(ctx, out, provider.url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, requests.close()) }()
	if err := requests.play(ctx); err != nil {
		return err
	}
	if once {
		return nil
	}
	journey.printCommands(filepath.Join(directory, databaseFile))
	requests.printCommands(journey, service.requests)
	fmt.Fprintf(out, "\nThe policy of LabelOp as it changed: %s/policy/history\n", policy.server.url)
	<-ctx.Done()
	return nil
}

// server is an HTTP server that runs until it is stopped.
type server struct {
	url  string
	stop func()
}

func serve(ctx context.Context, address string, handler http.Handler) (server, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return server{}, err
	}
	s := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(listener) // ends with http.ErrServerClosed when stopped
	}()
	return server{url: "http://" + listener.Addr().String(), stop: func() {
		timeout, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if s.Shutdown(timeout) != nil {
			_ = s.Close()
		}
		<-done
	}}, nil
}
