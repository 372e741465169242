using Tunnel.Edge.Cli;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Sockets;

// Read when the first socket is made: completions run on the thread that saw them, without a hop to the thread pool, which saves a third of
// the CPU per byte. The price: no continuation may block or run long.
Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");
// Before anything that would need one.
if (args.Contains("run") && (
    DescriptorGuard.Objection("tunnel-edge", DescriptorLimit.Read().Soft) ?? TlsLibrary.Objection("tunnel-edge")) is { } objection)
{
    Console.Error.WriteLine(objection);
    return ExitCodes.Failed;
}

return await CommandProgram.RunAsync(() => EdgeCommandLine.RunAsync(args));
