// A connector that dies as soon as it lives.
process.exit(1);
