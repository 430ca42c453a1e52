package pgstore_test

const roleVariable = "PGSTORE_TEST_ROLE"

func play(role string) int { return 2 }
