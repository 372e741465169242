using Tunnel.Edge.Cli;

// Read when the first socket is made: completions run on the thread that saw them, without a hop to the thread pool, which saves a third of the
// CPU per byte. The price: no continuation may block or run long.
Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");
return await EdgeCommandLine.RunAsync(args);
