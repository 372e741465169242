using Tunnel.Hub.Cli;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Sockets;

// Continuations of sockets run where the readiness is seen instead of hopping to the pool: half the cost of a request (measured). The
// runtime reads this when the first socket is made, so it comes before everything else; an operator's own value counts.
if (args.Contains("run") && Environment.GetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS") is null)
    Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");

// Before anything that would need one.
if (args.Contains("run") && (
    DescriptorGuard.Objection("tunnel-hub", DescriptorLimit.Read().Soft) ?? TlsLibrary.Objection("tunnel-hub")) is { } objection)
{
    Console.Error.WriteLine(objection);
    return ExitCodes.Failed;
}

return await CommandProgram.RunAsync(() => HubCommandLine.InvokeAsync(args));
