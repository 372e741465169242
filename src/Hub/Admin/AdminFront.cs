using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Tunnel.Hub.Admin.Access;
using Tunnel.Shared.Strangers;

namespace Tunnel.Hub.Admin;

/// <summary>Decides who may come in at the API, and how: keys, login links, and the guard against other sites' pages.</summary>
internal sealed record AdminFront(AdminKeys Keys, AdminAccess Access, BrowserGuard Guard, LoginEndpoints Login)
{
    /// <summary>Makes the parts.</summary>
    /// <param name="keys">The keys of the API.</param>
    /// <param name="failedTries">Counts wrong keys and wrong login codes.</param>
    /// <param name="publicHost">Returns the setting publicHost as it is now.</param>
    /// <param name="certificate">Returns the hub's certificate.</param>
    /// <param name="pageAddresses">Returns where the page is served over the network.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where wrong keys are told.</param>
    public static AdminFront Create(
        AdminKeys keys,
        FailedTries failedTries,
        Func<string?> publicHost,
        Func<X509Certificate2?> certificate,
        Func<ImmutableArray<string>> pageAddresses,
        TimeProvider time,
        ILogger logger) =>
        new(
            keys,
            new AdminAccess(keys, failedTries, logger),
            new BrowserGuard(publicHost, certificate),
            new LoginEndpoints(keys, new LoginCodes(time), pageAddresses, failedTries));
}
