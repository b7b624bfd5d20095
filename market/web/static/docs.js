// Starts Swagger UI on our own document; validatorUrl is off so that no outside service is asked.
"use strict";

const target = document.getElementById("docs");

window.SwaggerUIBundle({
  url: target.dataset.document,
  domNode: target,
  deepLinking: true,
  docExpansion: "none",
  validatorUrl: null,
});
