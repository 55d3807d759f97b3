# Debian slim: node:24-slim has no CA certificates. Without them TLS trusts whom Node.js trusts; Debian's get fixes with the system.
FROM node:24-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev
COPY . .
USER node
CMD ["node", "main.js"]
