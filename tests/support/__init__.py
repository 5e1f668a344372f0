"""What the tests share: references, fakes, benches."""
