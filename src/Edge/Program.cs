using Tunnel.Edge.Cli;

// Before the first socket: completions run on the thread that saw them, without a hop to the thread pool (docs/performance: a third of the cost).
Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");
return await EdgeCommandLine.RunAsync(args);
