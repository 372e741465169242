Console.WriteLine("tunnel-edge");
