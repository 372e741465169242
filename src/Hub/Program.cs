Console.WriteLine("tunnel-hub");
