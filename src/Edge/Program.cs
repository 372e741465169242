using Tunnel.Edge.Cli;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Sockets;

// With this setting, which is read when the first socket is made, completions run on the thread that saw them, without a hop to the thread
// pool. That saves a third of the CPU per byte. The price is that no continuation may block or run long.
Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");
// The limits are checked before anything needs a descriptor or TLS.
if (args.Contains("run") && (
    DescriptorGuard.Objection("tunnel-edge", DescriptorLimit.Read().Soft) ?? TlsLibrary.Objection("tunnel-edge")) is { } objection)
{
    Console.Error.WriteLine(objection);
    return ExitCodes.Failed;
}

return await CommandProgram.RunAsync(() => EdgeCommandLine.RunAsync(args));
