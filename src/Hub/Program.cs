using Tunnel.Hub.Cli;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Sockets;

// With this, continuations of sockets run on the thread that sees the readiness and not on the pool, which halves the cost of a request
// (measured). The runtime reads it when the first socket is made, so it is set before everything else; an operator's own value is kept.
if (args.Contains("run") && Environment.GetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS") is null)
    Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");

// Checked before anything that needs descriptors or the TLS library.
if (args.Contains("run") && (
    DescriptorGuard.Objection("tunnel-hub", DescriptorLimit.Read().Soft) ?? TlsLibrary.Objection("tunnel-hub")) is { } objection)
{
    Console.Error.WriteLine(objection);
    return ExitCodes.Failed;
}

return await CommandProgram.RunAsync(() => HubCommandLine.InvokeAsync(args));
